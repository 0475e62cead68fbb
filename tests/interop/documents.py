#!/usr/bin/env python3
"""Templates of XML made at random, and what comes out of them as the readers of Python's library and of libxml2 see it.

    documents.py make FOLDER SEED ROUNDS
    documents.py check FOLDER

`make` writes 0.xml, 1.xml, … and documents.json with the values for each; whoever renders them writes 0.out, 1.out, …,
or none where a value can't stand where it is to stand. `check` compares the trees with those that the values belong to.
"""

import json
import pathlib
import random
import sys
import xml.etree.ElementTree as ElementTree

from lxml import etree

# How a declaration names it, Python's codec, whether expat reads it.
ENCODINGS = [
    (None, "utf-8", True),
    ("UTF-8", "utf-8", True),
    ("utf-8", "utf-8-sig", True),
    ("UTF-16", "utf-16", True),
    ("UTF-16", "utf-16-be-bom", True),
    ("ISO-8859-1", "iso8859-1", True),
    ("latin1", "iso8859-1", True),
    ("iso-8859-2", "iso8859-2", True),
    ("iso-8859-5", "iso8859-5", True),
    ("ISO-8859-7", "iso8859-7", True),
    ("ISO-8859-9", "iso8859-9", True),
    ("ISO-8859-15", "iso8859-15", True),
    ("windows-1252", "cp1252", True),
    ("Windows-1251", "cp1251", True),
    ("windows-1254", "cp1254", True),
    ("US-ASCII", "ascii", True),
    ("KOI8-R", "koi8-r", True),
    ("Shift_JIS", "shift_jis", False),
    ("EUC-JP", "euc_jp", False),
    ("GBK", "gbk", False),
    ("gb18030", "gb18030", False),
    ("Big5", "big5", False),
    ("EUC-KR", "euc_kr", False),
]
# What text may be made of; the last few no document can hold.
PIECES = list("abc019 .,;:+-_/\\<>&\"'{}[]]]>!?=#%\t\n\r") + [
    "]]>", "<![CDATA[", "<!--", "-->", "&amp;", "&#1;", "{v0}", "</a>", "é", "ü", "ß", "€", "Š", "ş", "Ж", "Ω", "川", "水", "😀",
    "\x7f", "\x80", "\x85", "\x9f", "\xa0", "\u2028", "\ufeff", "\ufffd",
]
FORBIDDEN = ["\0", "\x01", "\x1b", "\ufffe", "\uffff"]
# Of these the codecs of several bytes a character think alike.
COMMON = list("abc 019<>&\"'{}[]]]>\n\t") + ["]]>", "<b>", "川", "水"]


def encode(text, codec):
    return ("\ufeff" + text).encode("utf-16-be") if codec == "utf-16-be-bom" else text.encode(codec)


def fits(text, codec):
    try:
        encode(text, codec)
        return True
    except UnicodeEncodeError:
        return False


class Document:
    """One template: its source, its values, and the tree that should come out."""

    def __init__(self, rng, label, codec, expat):
        self.rng, self.codec, self.expat = rng, codec, expat
        self.values, self.refused = {}, False
        quote = rng.choice("\"'")
        declared = "" if label is None else f" encoding={quote}{label}{quote}"
        self.source = rng.choice([f'<?xml version="1.0"{declared}?>', f"<?xml  version='1.0'{declared} standalone='yes' ?>\n"])
        if label is None and rng.random() < 0.5:
            self.source = ""
        self.source += rng.choice(["", "\n", "<!-- {v0} { -->\n", '<!DOCTYPE root [<!ENTITY unit "mm">]>'])
        self.entities = "&unit;" if "DOCTYPE" in self.source else ""
        self.tree = self.element(2, "root")
        self.source += rng.choice(["", "\n<!-- end -->"])

    def text(self, pool, longest=6):
        return "".join(self.rng.choice(pool) for _ in range(self.rng.randrange(longest)))

    def value(self, in_section):
        """The placeholder of a new value, and what it stands for."""
        pool = PIECES if self.expat or not in_section else COMMON
        text = self.text(pool)
        if self.rng.random() < 0.01:
            text += self.rng.choice(FORBIDDEN)
            self.refused = True
        if in_section:
            turned = any(c in "\r\u2028" or "\x7f" <= c <= "\x9f" for c in text)
            self.refused |= turned or not fits(text, self.codec)
        name = f"v{len(self.values)}"
        self.values[name] = text
        layout = self.rng.choice(["", "", "", "*^9", ">4", "_<7"])
        if not layout:
            return f"{{{name}}}", text
        written = layout if in_section else layout.replace(">", "&gt;").replace("<", "&lt;")
        return f"{{{name}:{written}}}", format(text, layout)

    def literal(self, quote=""):
        pool = "abc 1{}\"'&<>éüЖ川" if self.expat else "abc 1{}\"'&<>川"
        text = self.text([c for c in pool if fits(c, self.codec)])
        source = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("{", "{{").replace("}", "}}")
        return (source.replace(quote, "&quot;" if quote == '"' else "&#39;") if quote else source), text

    def section(self):
        self.source += "<![CDATA["
        whole = ""
        for _ in range(self.rng.randrange(4)):
            if self.rng.random() < 0.6:
                source, text = self.value(True)
            else:
                text = self.text(list("ab <&>]\"'{}"), 4).replace("]]>", "")
                while (self.source + text).endswith("]") and text:
                    text = text[:-1]
                if self.source.endswith("]") or self.source.endswith("]}"):
                    text = text.lstrip(">]")
                source = text.replace("{", "{{").replace("}", "}}")
            self.source += source
            whole += text
        self.source += "]]>"
        return whole

    def element(self, depth, name):
        self.source += f"<{name}"
        attributes = {}
        for key in self.rng.sample(["a", "b.c", "d-e"], self.rng.randrange(3)):
            quote = self.rng.choice("\"'")
            self.source += f" {key}={quote}"
            attributes[key] = ""
            for _ in range(self.rng.randrange(3)):
                source, text = self.value(False) if self.rng.random() < 0.7 else self.literal(quote)
                self.source += source
                attributes[key] += text
            self.source += quote
        self.source += ">"
        content = [""]
        for _ in range(self.rng.randrange(6)):
            match self.rng.randrange(7):
                case 0 if depth:
                    content += [self.element(depth - 1, self.rng.choice("xyz")), ""]
                case 1:
                    content[-1] += self.section()
                case 2:
                    self.source += self.rng.choice(["<!-- {v0} }{ -->", "<?app {{}} ?>", self.entities])
                    content[-1] += "mm" if self.source.endswith("&unit;") else ""
                case 3 | 4:
                    source, text = self.literal()
                    self.source += source
                    content[-1] += text
                case _:
                    source, text = self.value(False)
                    self.source += source
                    content[-1] += text
        self.source += f"</{name}>"
        return [name, attributes, content]


def make(folder, seed, rounds):
    rng = random.Random(seed)
    documents = []
    for at in range(rounds):
        label, codec, expat = rng.choice(ENCODINGS)
        document = Document(rng, label, codec, expat)
        (folder / f"{at}.xml").write_bytes(encode(document.source, codec))
        kept = {key: getattr(document, key) for key in ["values", "refused", "tree", "expat"]}
        documents.append(kept)
    (folder / "documents.json").write_text(json.dumps(documents))


def tree(element):
    content = [element.text or ""]
    for child in element:
        content += [tree(child), child.tail or ""]
    return [element.tag, dict(element.attrib), content]


def check(folder):
    documents = json.loads((folder / "documents.json").read_text())
    for at, document in enumerate(documents):
        template, rendered = folder / f"{at}.xml", folder / f"{at}.out"
        told = f"{at}: {template.read_bytes()!r} with {document['values']!r}"
        if document["refused"]:
            assert not rendered.exists(), f"{told} should be refused"
            continue
        assert rendered.exists(), f"{told} is refused"
        parser = etree.XMLParser(remove_comments=True, remove_pis=True)
        try:
            roots = [etree.fromstring(rendered.read_bytes(), parser)]
        except etree.XMLSyntaxError as error:
            raise AssertionError(f"{told}\ngave {rendered.read_bytes()!r}: {error}") from error
        if document["expat"]:
            roots.append(ElementTree.fromstring(rendered.read_bytes()))
        for root in roots:
            assert tree(root) == document["tree"], f"{told}\ngave {rendered.read_bytes()!r}\nread as {tree(root)}\nnot {document['tree']}"
    print(len(documents), "documents,", sum(document["refused"] for document in documents), "refused")


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(pathlib.Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
    else:
        check(pathlib.Path(sys.argv[2]))
