// The bulk of the page: typed arrays by name, out of one packed stream. Knows nothing of what they mean.

class Arrays {
  static #types = { u8: Uint8Array, u16: Uint16Array, u32: Uint32Array, i32: Int32Array, f32: Float32Array, f64: Float64Array };

  #bytes;
  #directory;
  #known = new Map();

  constructor(bytes, directory) {
    this.#bytes = bytes;
    this.#directory = directory;
  }

  // `directory`: by name the kind, the offset of the first byte, the number of values.
  static async unpack(base64, directory) {
    const text = atob(base64.trim());
    const packed = new Uint8Array(text.length);
    for (let at = 0; at < packed.length; at++) packed[at] = text.charCodeAt(at);
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
    return new Arrays(new Uint8Array(await new Response(stream).arrayBuffer()), directory);
  }

  // The array of this name; `null` if there is none.
  get(name) {
    if (name == null || !this.#directory[name]) return null;
    if (!this.#known.has(name)) this.#known.set(name, this.#read(...this.#directory[name]));
    return this.#known.get(name);
  }

  #read(kind, offset, count) {
    if (kind === 'text') return this.#texts(offset, count);
    const width = Arrays.#types[kind].BYTES_PER_ELEMENT;
    // First the first byte of every value, then the second of every value: so alike bytes are together, and pack well.
    const values = new Uint8Array(count * width);
    for (let byte = 0; byte < width; byte++) {
      const plane = offset + byte * count;
      for (let at = 0; at < count; at++) values[at * width + byte] = this.#bytes[plane + at];
    }
    return new Arrays.#types[kind](values.buffer);
  }

  // Texts end with a line break; that of the last may be missing.
  #texts(offset, count) {
    let end = offset;
    for (let seen = 0; end < this.#bytes.length; end++) if (this.#bytes[end] === 10 && ++seen === count) break;
    return count ? new TextDecoder().decode(this.#bytes.subarray(offset, end)).split('\n').slice(0, count) : [];
  }
}
