#!/usr/bin/env python3
"""Ties Tandem's cleaning of texts to ftfy and open_clip.

    scripts/make_golden_cleaning.py golden                       tests/golden/cleaning.jsonl: texts and what the packages make of them
    scripts/make_golden_cleaning.py check --program P [--captions F] [--texts N]
                                                                 N texts through P (tandem_token_stream), every way of cleaning

--seed S draws other texts; --show N prints that many texts of each way that differ. Needs ftfy and open_clip. Texts come from a seed: sentences of twenty languages, captions of F (a text per line), and what happens to
texts on the web: mojibake of every encoding that ftfy knows, once and twice, with lost bytes and spaces; HTML, ligatures, widths, quotes,
line ends, terminal escapes, control characters. `check` ends with status 1 when a single text differs.
"""
import html
import json
import pathlib
import random
import subprocess
import sys
import unicodedata

import command_line

command_line.begin(__name__, __doc__)
import ftfy  # noqa: E402
import ftfy.chardata  # noqa: E402
import open_clip  # noqa: E402
from open_clip.tokenizer import get_clean_fn  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[1]
GOLDEN = ROOT / "tests/golden/cleaning.jsonl"
TOKENIZER = ROOT / "tests/golden/tokens/clip/tokenizer.json"
SENTENCES = """
a photo of a small red bird on a branch
Two dogs are playing with a yellow ball in the park, and it's 7:30 o'clock.
I don't think we'll ever see Zürich's naïve café façade again, she'd said — “never”…
Ein grüner Frosch sitzt auf einem großen Blatt am Fluß, für 5 €.
Une grenouille verte est assise à côté de l'étang, là où l'œuf est né. « Voilà ! »
Una rana verde está sentada sobre una hoja; ¿dónde está el niño? ¡Mañana!
Às vezes um sapo verde está sentado àquela folha à beira da água; não há coração.
Bir yeşil kurbağa büyük bir yaprağın üzerinde oturuyor. İstanbul'da ışık şöyle.
Zażółć gęślą jaźń. Příliš žluťoučký kůň úpěl ďábelské ódy. Árvíztűrő tükörfúrógép.
Lietuvių kalba: ąčęėįšųūž. Latviešu: āčēģīķļņšūž. Õun öösel.
Зелёная лягушка сидит на большом листе у реки. Їжак, ґанок. Џеп, ђак.
Ένας πράσινος βάτραχος κάθεται σε ένα μεγάλο φύλλο. ΌΜΟΡΦΟΣ ΒΆΤΡΑΧΟΣ
ضفدع أخضر يجلس على ورقة كبيرة بجانب النهر
צפרדע ירוקה יושבת על עלה גדול
एक हरा मेंढक एक बड़े पत्ते पर बैठा है।
緑のカエルが大きな葉の上に座っています。ＬＯＵＤ　ＮＯＩＳＥＳ ﾊﾝｶｸ
一只绿色的青蛙坐在一片大叶子上。
초록 개구리가 큰 잎 위에 앉아 있다. 한글
กบเขียวนั่งอยู่บนใบไม้ใหญ่
Con ếch xanh ngồi trên chiếc lá lớn bên bờ sông.
👩‍👩‍👧 family 🇩🇪 flag 😀😃 👍🏽 ❤️ & <b>bold</b> &amp; &lt;tag&gt; https://example.org/a?b=c
Fish & Chips © 2024 Smith™ ½ price, 20°C ± 2, £5 → ¥700, 3×4÷2, §5 ¶2, №7 ≤ ∞
""".strip().split("\n")
SNIPPETS = ["&amp;", "&amp;amp;", "&amp;amp;amp;lt;", "&lt;", "&gt;", "&quot;", "&#39;", "&#x27;", "&apos;", "&nbsp;", "&nbsp",
            "&hellip;", "&#8217;", "&#146;", "&#x80;", "&#0;", "&#1;", "&#59;", "&#xD83D;&#xDE00;", "&#x110000;", "&#65abc;", "&eacute;",
            "&EACUTE;", "&NTILDE;", "&SZLIG;", "&nTILDE;", "&AMP;", "&FILIG;", "&ATILDE;&SUP3;", "&macr;\\_(ã\x83\x84)_/&macr;",
            "&CounterClockwiseContourIntegral;", "&notit;", "&copy2024", "&Tab;", "&NewLine;", "<", "<br/>", "ﬁ", "ﬂ", "ﬀ", "ﬃ", "ﬄ",
            "ﬅ", "ﬆ", "ĳ", "Ĳ", "ŉ", "ǆ", "Ǆ", "ǅ", "ǉ", "Ǌ", "ǳ", "œ", "Œ", "\u2018", "\u2019", "\u201a", "\u201b", "\u201c", "\u201d",
            "\u201e", "\u201f", "\u02bc", "`", "´", "\r\n", "\r", "\n", "\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\t", "\x1b[36;44m",
            "\x1b[0m", "\x1b[", "\x1b[٣m", "\x1bA", "\x00", "\x08", "\x1a", "\x1c", "\x1f", "\x7f", "\ufeff", "\ufff9", "\ufffc",
            "\ufffd", "\u206a", "\u200b", "\u200d", "\u00ad", "\u00a0", "\u3000", "Ｆｕｌｌ", "ﾊﾟ", "￥", "￣", "ﾡ", "e\u0301",
            "a\u0323\u0302", "\u1112\u1161\u11ab", "\u212b", "Ã ", "Ã", "Â ", "Â", "â€™", "â€œ", "â€\x9d", "â€�", "â€?", "Ã©", "Ã\xa0",
            "Ã la", "voilÃ le", "Ã quele", "Ã s ", "ï»¿", "вЂ™", "Рµ", "√©", "‚Äô", "ΓÇÖ", "├⌐", "â€¦", "Â£", "Â©", "Ã¢â‚¬â„¢", "ÃƒÂ©",
            "\x80", "\x91", "\x93", "\x96", "\x81", "\x9d", "\u0345", "ſ", "İ", "Σ", "ΑΣ", "K", "_", "{}", "!?", "<|endoftext|>",
            "<start_of_text>", "<end_of_text>"]
ENCODINGS = [*ftfy.chardata.CHARMAP_ENCODINGS, "cp1252", "cp1251", "cp850", "cp1255", "cp1256", "shift_jis"]
MOJIBAKE = sorted({c for e in ftfy.chardata.CHARMAP_ENCODINGS for c in bytes(range(128, 256)).decode(e)})
WAYS = {"open_clip": "lower", "clip_original": "lower", "whitespace": "whitespace", "lower": "lower", "canonicalize": "canonicalize"}


def as_cesu(text):
    """UTF-8 of the text's UTF-16, a surrogate at a time."""
    units = text.encode("utf-16-be")
    return b"".join(chr(int.from_bytes(units[at:at + 2], "big")).encode("utf-8", "surrogatepass") for at in range(0, len(units), 2))


def garble(rng, text):
    """Reads the text's UTF-8 in another encoding, as web pages do."""
    data = as_cesu(text) if rng.random() < 0.04 else text.encode()
    if rng.random() < 0.1:
        data = data.replace(b"\xa0", b" ")
    out = data.decode(rng.choice(ENCODINGS), "replace")
    if rng.random() < 0.08:
        out = out.replace("\xa0", " ")
    return out.replace("\ufffd", "?") if rng.random() < 0.05 else out


def any_character(rng):
    """A character that Python's Unicode knows; those of mojibake are as likely as all others."""
    while True:
        kind = rng.random()
        last = 0x24F if kind < 0.5 else 0x2600 if kind < 0.75 else 0xFFFF if kind < 0.9 else 0x1FAFF
        c = chr(rng.randint(0, last))
        if unicodedata.category(c) not in ("Cn", "Cs"):
            return c


def one_text(rng, sentences):
    kind = rng.random()
    parts = []
    for _ in range(rng.randint(1, 4)):
        choice = rng.random()
        if choice < 0.45:
            words = rng.choice(sentences).split(" ")
            begin = rng.randint(0, len(words) - 1)
            parts.append(" ".join(words[begin:begin + rng.randint(1, 8)]))
        elif choice < 0.7:
            parts.append(rng.choice(SNIPPETS))
        elif choice < 0.85:
            parts.append("".join(rng.choice(MOJIBAKE) for _ in range(rng.randint(1, 6))))
        else:
            parts.append("".join(any_character(rng) for _ in range(rng.randint(1, 6))))
        parts.append(rng.choice([" ", " ", "", "\n"]))
        if rng.random() < 0.2:
            parts[-2] = garble(rng, parts[-2])
    text = "".join(parts)
    if kind < 0.45:
        text = garble(rng, text)
    if kind < 0.15:
        text = garble(rng, text)
    if kind < 0.03:
        text = garble(rng, text)
    if 0.8 < kind < 0.85:
        text = html.escape(text)
    return text


def make_texts(seed, count, captions=()):
    rng = random.Random(seed)
    sentences = [*SENTENCES, *captions]
    return [*sentences, *SNIPPETS, *[one_text(rng, sentences) for _ in range(max(0, count - len(sentences) - len(SNIPPETS)))]]


def expected(way, text):
    if way == "fix_text":
        return ftfy.fix_text(text)
    return get_clean_fn(WAYS[way])(text)


def cleaned(program, way, texts):
    data = [text.encode() for text in texts]
    records = b"".join(b"%d\n%s" % (len(text), text) for text in data)
    done = subprocess.run([program, str(TOKENIZER), "--cleaning", way, "--show-cleaned"], input=records, capture_output=True, check=False)
    if done.returncode:
        sys.exit(done.stderr.decode())
    return [bytes.fromhex(line).decode() for line in done.stdout.decode().split("\n")[:-1]]


def check(arguments):
    captions = [line.rstrip("\n") for line in open(arguments.captions, encoding="utf-8")] if arguments.captions else []
    texts = make_texts(arguments.seed, arguments.texts, [text for text in captions if text.strip()])
    touched = sum(ftfy.fix_text(text) != text for text in texts)
    print(f"{len(texts)} texts, ftfy {ftfy.__version__} changes {touched}, open_clip {open_clip.__version__}", flush=True)
    wrong = 0
    for way in WAYS:
        found = cleaned(arguments.program, way, texts)
        differing = [(text, out) for text, out in zip(texts, found) if out != expected(way, text)]
        wrong += len(differing) + abs(len(found) - len(texts))
        print(f"{way:14} {len(differing)} differ", flush=True)
        for text, out in differing[:arguments.show]:
            print(f"   text     {text[:200]!r}\n   found    {out[:200]!r}\n   expected {expected(way, text)[:200]!r}")
    return 1 if wrong else 0


def golden(arguments):
    """Texts that ftfy changes, and how open_clip cleans them; short ones, with every snippet."""
    texts = [*SENTENCES, *[f"a{snippet}b {snippet}." for snippet in SNIPPETS]]
    drawn = [text for text in make_texts(arguments.seed + 1, 6000) if ftfy.fix_text(text) != text and len(text) <= 60]
    texts += drawn[-300:]
    with open(GOLDEN, "w", encoding="utf-8") as out:
        versions = {"ftfy": ftfy.__version__, "open_clip": open_clip.__version__, "unicode": unicodedata.unidata_version}
        out.write(json.dumps({"versions": versions}) + "\n")
        for text in texts:
            row = {"text": text, **{way: expected(way, text) for way in ("lower", "whitespace", "canonicalize")}}
            out.write(json.dumps(row, ensure_ascii=True, separators=(",", ":")) + "\n")
    return 0


def main():
    parser = command_line.Parser(__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("golden", "check"):
        commands.add_parser(name).add_argument("--seed", type=int, default=17)
    checking = commands.choices["check"]
    checking.add_argument("--program", required=True, help="tandem_token_stream")
    checking.add_argument("--captions", help="a file with a text per line")
    checking.add_argument("--texts", type=int, default=20000)
    checking.add_argument("--show", type=int, default=3, help="differing texts to print for each way")
    arguments = parser.parse_args()
    return {"golden": golden, "check": check}[arguments.command](arguments)


if __name__ == "__main__":
    sys.exit(main())
