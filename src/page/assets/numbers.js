// Numbers, units and times as people write them.

const SUPERSCRIPTS = { '-': '⁻', 0: '⁰', 1: '¹', 2: '²', 3: '³', 4: '⁴', 5: '⁵', 6: '⁶', 7: '⁷', 8: '⁸', 9: '⁹' };
const superscript = text => [...String(text)].map(sign => SUPERSCRIPTS[sign] ?? sign).join('');

// `12,345`, `0.01234`, `1.234 × 10⁻⁷`; a dash where there is none.
function number(value, digits = 4) {
  if (value == null || !Number.isFinite(value)) return '–';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size < 1e-4 || size >= 1e9) {
    const [mantissa, exponent] = size.toExponential(digits - 1).split('e');
    return `${value < 0 ? '−' : ''}${+mantissa} × 10${superscript(+exponent)}`;
  }
  const whole = Math.floor(Math.log10(size)) + 1;
  const decimals = Math.max(0, digits - whole);
  return value.toLocaleString('en-GB', { maximumFractionDigits: decimals }).replace('-', '−');
}

// The same with its sign: what is a difference.
const signed = (value, digits) => (value > 0 ? '+' : '') + number(value, digits);

const count = value => value.toLocaleString('en-GB');

// `m3 s-1` as `m³ s⁻¹`; nothing for a plain number.
const unitsOf = units => (units == null || units === '1' ? '' : units).replace(/([A-Za-zµ°])\^?(-?\d+)(?![\d.])/g, (_, letter, power) => letter + superscript(power));

const withUnits = (text, units) => (units ? `${text} ${units}` : text);

// What something is called, with its units: `mean discharge, m³ s⁻¹`.
const titled = ({ name, long_name, units }) => [long_name || name, unitsOf(units)].filter(Boolean).join(', ');

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = value => String(value).padStart(2, '0');

// The parts of a time in seconds since 1970 UTC.
function calendar(seconds) {
  const date = new Date(Math.round(seconds) * 1000);
  return {
    year: date.getUTCFullYear(), month: date.getUTCMonth(), day: date.getUTCDate(),
    hour: date.getUTCHours(), minute: date.getUTCMinutes(), second: date.getUTCSeconds(),
  };
}

function day(seconds) {
  const { year, month, day } = calendar(seconds);
  return `${year}-${two(month + 1)}-${two(day)}`;
}

function moment(seconds) {
  const { hour, minute, second } = calendar(seconds);
  return `${day(seconds)} ${two(hour)}:${two(minute)}${second ? `:${two(second)}` : ''}`;
}

// How long a number of seconds is: `3 h`, `7 days`.
function span(seconds, digits = 3) {
  for (const [name, size] of [['day', 86400], ['h', 3600], ['min', 60]]) {
    if (seconds >= size) {
      const many = number(seconds / size, digits);
      return name === 'day' && many !== '1' ? `${many} days` : `${many} ${name}`;
    }
  }
  return `${number(seconds, digits)} s`;
}
