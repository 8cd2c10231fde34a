#!/usr/bin/env python3
"""Ties Tandem's tokenizers to the `tokenizers` and `sentencepiece` packages.

    scripts/make_golden_tokens.py golden                          tests/golden/tokens: tokenizers and 5,400 texts with ids
    scripts/make_golden_tokens.py check --program P [--captions F] [--texts N]
                                                                  N texts per tokenizer through P (tandem_token_stream)
    scripts/make_golden_tokens.py unicode --program P             every code point through every part that looks at characters

--seed S (golden, check) draws other texts; --only NAME,… (check, unicode) takes these tokenizers or parts.
Needs tokenizers, sentencepiece, regex, ftfy and open_clip. Every tokenizer is trained here, on the sentences below and from a seed; nothing is
downloaded. `check` and `unicode` end with status 1 when a single id differs.
"""
import base64
import html
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import unicodedata

import command_line

command_line.begin(__name__, __doc__)
import ftfy  # noqa: E402
import open_clip  # noqa: E402
import regex  # noqa: E402
import sentencepiece  # noqa: E402
from tokenizers import (AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers)  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[1]
GOLDEN = ROOT / "tests/golden/tokens"
LONGEST_SAMPLE = 120
SENTENCES = """
a photo of a small red bird on a branch
Two dogs are playing with a yellow ball in the park, and it's 7:30 o'clock.
The quick brown fox jumps over the lazy dog; they're 12,345 metres away!
I don't think we'll ever see Zürich's naïve café façade again, she'd said.
Ein grüner Frosch sitzt auf einem großen Blatt am Fluß.
Une grenouille verte est assise sur une feuille près de l'étang.
Una rana verde está sentada sobre una hoja; ¿dónde está el niño?
Um sapo verde está sentado numa folha à beira da água.
Bir yeşil kurbağa büyük bir yaprağın üzerinde oturuyor. İstanbul'da ışık.
Зелёная лягушка сидит на большом листе у реки.
Ένας πράσινος βάτραχος κάθεται σε ένα μεγάλο φύλλο. ΌΜΟΡΦΟΣ ΒΆΤΡΑΧΟΣ
ضفدع أخضر يجلس على ورقة كبيرة بجانب النهر
צפרדע ירוקה יושבת על עלה גדול
एक हरा मेंढक एक बड़े पत्ते पर बैठा है।
緑のカエルが大きな葉の上に座っています。
一只绿色的青蛙坐在一片大叶子上。
초록 개구리가 큰 잎 위에 앉아 있다.
กบเขียวนั่งอยู่บนใบไม้ใหญ่
Con ếch xanh ngồi trên chiếc lá lớn bên bờ sông.
👩‍👩‍👧 family 🇩🇪 flag 😀😃 👍🏽 ❤️ & <b>bold</b> &amp; &lt;tag&gt; https://example.org/a?b=c
def main(argv): return [x**2 for x in range(10)] if argv else None
""".strip().split("\n")
BLOCKS = [(0x20, 0x7E), (0xA0, 0x24F), (0x250, 0x36F), (0x370, 0x3FF), (0x400, 0x52F), (0x530, 0x5FF), (0x600, 0x6FF), (0x900, 0x97F),
          (0x980, 0xDFF), (0xE00, 0xEFF), (0x1000, 0x10FF), (0x1100, 0x11FF), (0x1200, 0x139F), (0x1780, 0x18AF), (0x1AB0, 0x1AFF),
          (0x1DC0, 0x1DFF), (0x1E00, 0x1FFF), (0x2000, 0x206F), (0x2070, 0x2BFF), (0x2C00, 0x2E7F), (0x3000, 0x30FF),
          (0x3100, 0x33FF), (0x4E00, 0x9FFF), (0xA640, 0xABFF), (0xAC00, 0xD7AF), (0xF900, 0xFFFF), (0x10000, 0x10FFF),
          (0x11000, 0x11FFF), (0x16800, 0x16FFF), (0x1D000, 0x1D7FF), (0x1E000, 0x1EFFF), (0x1F000, 0x1FAFF), (0x20000, 0x2FA1F),
          (0xE0000, 0xE01EF), (0, 0x1F), (0x7F, 0xA0)]
SPACES = [" ", "  ", "   ", "\t", "\n", "\r\n", "\u00a0", "\u2003", "\u3000", "\u200b", "\u2028", "\u0085", "\x1c", " \n ", "      "]
EMOJI = ["👩‍👩‍👧‍👦", "👍🏽", "❤️", "🇩🇪🇫🇷", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "1️⃣", "😀", "🧑🏿‍🚀", "☃", "\u200d", "\ufe0f"]
SNIPPETS = ["<b>x</b>", "&amp;amp;", "&#8364;", "&#x1F600;", "&notit;", "&nbsp", "&copy2024", "&#0;", "&#128;", "</s>", "<s>", "[SEP]", "[MASK]",
            "<|endoftext|>", "<|startoftext|>", "<mask>", "<pad>", "it's", "I'LL", "we've", "don't", "'s", "x'd", "f(x)==y;", "a+b", "0x1F",
            "#define", "std::vector<int>", "1,234.56", "３４５", "½", "²", "ⅷ", "ﬁ", "Å", "Ⅷ", "ß", "İ", "ΣΑΣ", "Σ", "ǅ", "▁", "▁▁a", "##ing", "Ġ",
            "e\u0301", "a\u0323\u0302", "\u1112\u1161\u11ab", "\ufeff", "\ufffd", "\u00ad", "ک", "क्ष", "ที่", "[NEW]", "day", "DAY", "<extra_1>"]
LLAMA = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
OPEN_CLIP_TEXTS = ["<start_of_text> a <end_of_text> b<end_of_text>c <|endoftext|> !<end_of_text>", "itâ€™s “curly” ﬁsh &amp;amp; ＣＨＩＰＳ",
                   "it'ſ <ſtart_of_text>", "n\u0345o <END_OF_TEXT>"]
CLIP = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


def any_character(rng):
    low, high = rng.choice(BLOCKS)
    return chr(rng.choice([c for c in (rng.randint(low, high),) if not 0xD800 <= c <= 0xDFFF] or [0x41]))


def one_text(rng, words):
    """A text as bytes: words, any script, marks, emoji, spaces, code, and sometimes damage."""
    kind = rng.random()
    parts = []
    for _ in range(rng.randint(0, 12)):
        choice = rng.random()
        if choice < 0.45:
            word = rng.choice(words)
            parts.append(word.upper() if rng.random() < 0.08 else word.title() if rng.random() < 0.1 else word)
        elif choice < 0.6:
            low, high = rng.choice(BLOCKS)
            run = [rng.randint(low, high) for _ in range(rng.randint(1, 8))]
            parts.append("".join(chr(c) for c in run if not 0xD800 <= c <= 0xDFFF))
        elif choice < 0.7:
            parts.append("".join(any_character(rng) for _ in range(rng.randint(1, 5))))
        elif choice < 0.78:
            parts.append(rng.choice(EMOJI))
        elif choice < 0.92:
            parts.append(rng.choice(SNIPPETS))
        else:
            parts.append(rng.choice("aeiouAEIOUnсн") + "".join(chr(rng.randint(0x300, 0x36F)) for _ in range(rng.randint(1, 4))))
        parts.append(rng.choice(SPACES) if rng.random() < 0.25 else " " if rng.random() < 0.7 else "")
    text = "".join(parts)
    if kind < 0.02:
        text = rng.choice(words) * rng.randint(20, 80)
    data = text.encode()
    if kind > 0.95:
        data = bytearray(data)
        for _ in range(rng.randint(1, 4)):
            data.insert(rng.randint(0, len(data)), rng.randint(0x80, 0xFF))
        data = bytes(data[:rng.randint(0, len(data))]) if rng.random() < 0.3 else bytes(data)
    return data


def make_texts(seed, count, captions=()):
    rng = random.Random(seed)
    words = sorted({word for line in [*SENTENCES, *captions] for word in line.split()})
    return [line.encode() for line in [*SENTENCES, *captions]] + [one_text(rng, words) for _ in range(count)]


def train(model, size, setup, specials, **options):
    tokenizer = Tokenizer(model)
    setup(tokenizer)
    kind = {models.BPE: trainers.BpeTrainer, models.WordPiece: trainers.WordPieceTrainer}[type(model)]
    tokenizer.train_from_iterator(SENTENCES * 3, kind(vocab_size=size, special_tokens=specials, show_progress=False, **options))
    return tokenizer


def byte_level(prefix=False, size=700, pre=None, specials=("<s>", "<pad>", "</s>", "<unk>", AddedToken("<mask>", lstrip=True, special=True))):
    def setup(tokenizer):
        tokenizer.pre_tokenizer = pre or pre_tokenizers.ByteLevel(add_prefix_space=prefix)
        tokenizer.decoder = decoders.ByteLevel()
    return train(models.BPE(), size, setup, list(specials), initial_alphabet=pre_tokenizers.ByteLevel.alphabet())


def roberta():
    tokenizer = byte_level()
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    return tokenizer


def clip():
    def setup(tokenizer):
        tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()])
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(CLIP), "removed", invert=True),
                                                           pre_tokenizers.ByteLevel(add_prefix_space=False)])
        tokenizer.decoder = decoders.ByteLevel()
    model = models.BPE(unk_token="<|endoftext|>", end_of_word_suffix="</w>", continuing_subword_prefix="")
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = train(model, 1000, setup, ["<|startoftext|>", "<|endoftext|>"], initial_alphabet=alphabet, end_of_word_suffix="</w>")
    state = json.loads(tokenizer.to_str())
    vocab = state["model"]["vocab"]
    for each in alphabet:  # as in the original, every byte may end a word
        vocab.setdefault(each, len(vocab))
        vocab.setdefault(each + "</w>", len(vocab))
    tokenizer = Tokenizer.from_str(json.dumps(state))
    ids = [tokenizer.token_to_id(each) for each in ("<|endoftext|>", "<|startoftext|>")]
    tokenizer.post_processor = processors.RobertaProcessing(("<|endoftext|>", ids[0]), ("<|startoftext|>", ids[1]), trim_offsets=False,
                                                            add_prefix_space=False)
    return tokenizer


def bert(lowercase=True):
    def setup(tokenizer):
        tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        tokenizer.decoder = decoders.WordPiece()
    tokenizer = train(models.WordPiece(unk_token="[UNK]"), 900, setup, ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    tokenizer.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    return tokenizer


def spm(folder, name, **options):
    """Trains a sentencepiece model and returns its file."""
    text = folder / "sentences.txt"
    text.write_text("\n".join(SENTENCES * 3) + "\n", encoding="utf-8")
    defaults = dict(vocab_size=700, hard_vocab_limit=False, character_coverage=0.98, num_threads=1, minloglevel=3)
    sentencepiece.SentencePieceTrainer.train(input=str(text), model_prefix=str(folder / name), **{**defaults, **options})
    return folder / f"{name}.model"


def pieces_of(model):
    processor = sentencepiece.SentencePieceProcessor(model_file=str(model))
    return [(processor.id_to_piece(i), processor.get_score(i)) for i in range(processor.get_piece_size())]


def chars_map(model):
    """The compiled rules of a sentencepiece model: field 3 (normalizer_spec), field 2 of that."""
    def fields(data):
        at = 0
        while at < len(data):
            number, at = varint(data, at)
            value, at = (data[at:at + 4], at + 4) if number & 7 == 5 else (data[at:at + 8], at + 8) if number & 7 == 1 else varint(data, at)
            if number & 7 == 2:
                value, at = data[at:at + value], at + value
            yield number >> 3, value

    def varint(data, at):
        value = shift = 0
        while True:
            value |= (data[at] & 0x7F) << shift
            shift += 7
            at += 1
            if data[at - 1] < 0x80:
                return value, at
    spec = dict(fields(pathlib.Path(model).read_bytes()))[3]
    return dict(fields(spec))[2]


def xlmr_unigram(model, scheme="always", template="<s> $A </s>"):
    vocab = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *pieces_of(model)[3:]]
    tokenizer = Tokenizer(models.Unigram(vocab, unk_id=3))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Precompiled(chars_map(model)), normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme)
    tokenizer.decoder = decoders.Metaspace(prepend_scheme=scheme)
    tokenizer.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>", AddedToken("<mask>", lstrip=True, normalized=False)])
    tokenizer.add_tokens([AddedToken("<extra_1>", rstrip=True, normalized=False)])
    tokenizer.post_processor = processors.TemplateProcessing(template, special_tokens=[("<s>", 0), ("</s>", 2)])
    return tokenizer


def unigram_bytes(model):
    """Unigram with byte_fallback, and sentencepiece's nmt as single steps."""
    pieces = pieces_of(model)
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=0, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(r"\s+"), " "),
                                                 normalizers.Strip(), normalizers.Replace("é", "e")])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(prepend_scheme="first")])
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace(prepend_scheme="first")])
    return tokenizer


def llama_like():
    """BPE over the marked text, with bytes for what it does not know."""
    def setup(tokenizer):
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
        tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
        tokenizer.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
    specials = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    tokenizer = train(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True), 900, setup, specials, limit_alphabet=150)
    state = json.loads(tokenizer.to_str())
    state["pre_tokenizer"] = None
    state["added_tokens"] = state["added_tokens"][:3]
    tokenizer = Tokenizer.from_str(json.dumps(state))
    tokenizer.post_processor = processors.TemplateProcessing("<s> $A", special_tokens=[("<s>", 1)])
    return tokenizer


def llama3_like():
    pre = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(LLAMA), "isolated"),
                                   pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer = byte_level(pre=pre, specials=("<|endoftext|>", "<s>"))
    state = json.loads(tokenizer.to_str())
    state["model"]["ignore_merges"] = True
    tokenizer = Tokenizer.from_str(json.dumps(state))
    tokenizer.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), processors.TemplateProcessing(
        "<s> $A", special_tokens=[("<s>", tokenizer.token_to_id("<s>"))])])
    return tokenizer


def word_piece_mix():
    """The rarer parts: accents, digits, punctuation, added tokens with every switch."""
    def setup(tokenizer):
        tokenizer.normalizer = normalizers.Sequence([normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase(),
                                                     normalizers.Strip(left=False, right=True)])
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), pre_tokenizers.Digits(individual_digits=False),
                                                           pre_tokenizers.Punctuation("contiguous")])
        tokenizer.decoder = decoders.WordPiece(cleanup=False)
    tokenizer = train(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=30), 900, setup, ["[UNK]", "[CLS]", "[SEP]"])
    tokenizer.add_tokens([AddedToken("day", single_word=True, normalized=True), AddedToken("[NEW]", lstrip=True, rstrip=True, normalized=False),
                          AddedToken("Ährchen", normalized=True), AddedToken("frog", rstrip=True)])
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 2), ("[CLS]", 1))
    return tokenizer


def bpe_mix():
    """Unknown tokens without fusing, a prefix for parts, NFD, digits one by one."""
    def setup(tokenizer):
        tokenizer.normalizer = normalizers.Sequence([normalizers.NFD(), normalizers.Replace(Regex("[0-9]"), "9")])
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation("merged_with_previous"),
                                                           pre_tokenizers.Digits(individual_digits=True)])
        tokenizer.decoder = decoders.BPEDecoder("</w>")
    model = models.BPE(unk_token="<unk>", continuing_subword_prefix="##", end_of_word_suffix="</w>")
    return train(model, 700, setup, ["<unk>", "</s>"], limit_alphabet=70, continuing_subword_prefix="##", end_of_word_suffix="</w>")


def with_clip_words(tokenizer, specials, words_of):
    """The ids of words that a program splits texts into, by the vocabulary and `specials`."""
    model_only = Tokenizer(tokenizer.model)
    model_only.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    start, end = (tokenizer.token_to_id(each) for each in ("<|startoftext|>", "<|endoftext|>"))
    special_ids = dict(zip(specials, (start, end)))

    def encode(text):
        ids = [start]
        for word in words_of(text):
            ids += [special_ids[word]] if word in special_ids else model_only.encode(word, add_special_tokens=False).ids
        return ids + [end]
    return encode


def clip_original(tokenizer):
    """openai/CLIP's simple_tokenizer.py on the same vocabulary."""
    pattern = regex.compile(r"<\|startoftext\|>|<\|endoftext\|>|" + CLIP, regex.IGNORECASE)

    def words(text):
        text = html.unescape(html.unescape(ftfy.fix_text(text))).strip()
        return regex.findall(pattern, regex.sub(r"\s+", " ", text).strip().lower())
    return with_clip_words(tokenizer, ("<|startoftext|>", "<|endoftext|>"), words)


def open_clip_simple(tokenizer):
    """open_clip's SimpleTokenizer on the same vocabulary; its special tokens have other names."""
    simple = open_clip.SimpleTokenizer()
    return with_clip_words(tokenizer, ("<start_of_text>", "<end_of_text>"), lambda text: regex.findall(simple.pat, simple.clean_fn(text)))


def is_settled(text):
    """Whether `regex` knows no more characters of the text than Python: its letters are of the newest Unicode, not of 16."""
    return not any(unicodedata.category(c) == "Cn" and regex.match(r"\P{Cn}", c) for c in text)


class Case:
    """One tokenizer: the path Tandem loads, and what the original says of a text."""

    def __init__(self, name, path, encode, decode=None, cut=None, arguments=(), takes=lambda text: True):
        self.name, self.path, self.encode, self.decode, self.cut = name, path, encode, decode, cut
        self.arguments, self.takes = list(arguments), takes


def json_case(folder, name, tokenizer):
    path = folder / name / "tokenizer.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(path), pretty=False)
    suffix = getattr(tokenizer.model, "end_of_word_suffix", None)
    cutting = {}

    def decode(ids):
        text = tokenizer.decode(ids, skip_special_tokens=True)
        return text.replace(suffix, " ").strip(" ") if suffix else text

    def cut(text, length):
        if length not in cutting:
            cutting[length] = Tokenizer.from_str(tokenizer.to_str())
            cutting[length].enable_truncation(length)
        return cutting[length].encode(text).ids
    return Case(name, path, lambda text: tokenizer.encode(text).ids, decode, cut)


def model_case(folder, name, model, file_name, before, after, ids_of=lambda ids: ids):
    path = folder / name / file_name
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(model, path)
    processor = sentencepiece.SentencePieceProcessor(model_file=str(model))
    return Case(name, path, lambda text: [*before, *ids_of(processor.encode(text)), *after])


def make_cases(folder, scratch):
    xlmr = spm(scratch, "xlmr", model_type="unigram", normalization_rule_name="nmt_nfkc")
    ids = dict(pad_id=0, eos_id=1, unk_id=2, bos_id=-1)
    fast_clip = clip()
    cases = [json_case(folder, name, tokenizer) for name, tokenizer in {
        "roberta": roberta(), "gpt2": byte_level(prefix=True, specials=("<|endoftext|>",)), "clip": fast_clip, "bert": bert(),
        "bert_cased": bert(lowercase=False), "xlmr": xlmr_unigram(xlmr),
        "unigram_bytes": unigram_bytes(spm(scratch, "bytes", byte_fallback=True, vocab_size=900)), "llama": llama_like(),
        "llama3": llama3_like(), "word_piece_mix": word_piece_mix(), "bpe_mix": bpe_mix()}.items()]
    cases.append(Case("clip_original", folder / "clip/tokenizer.json", clip_original(fast_clip), arguments=["--cleaning", "clip_original"],
                      takes=is_settled))
    cases.append(model_case(folder, "spm_xlmr", xlmr, "sentencepiece.bpe.model", [0], [2],
                            lambda found: [each + 1 if each else 3 for each in found]))
    cases.append(model_case(folder, "spm_t5", spm(scratch, "t5", model_type="unigram", normalization_rule_name="identity", **ids), "spiece.model", [], [1]))
    cases.append(model_case(folder, "spm_bpe", spm(scratch, "bpe", model_type="bpe", byte_fallback=True, vocab_size=900,
                                                   normalization_rule_name="identity", remove_extra_whitespaces=False, **ids),
                            "spiece.model", [], [1]))
    cases.append(Case("open_clip", folder / "clip/tokenizer.json", open_clip_simple(fast_clip), arguments=["--cleaning", "open_clip"],
                      takes=is_settled))
    return cases


def stream(program, case, texts, more=()):
    """Runs the program over the texts: `bytes` and the bytes in, a line of ids (and the decoded text) out."""
    records = b"".join(b"%d\n%s" % (len(text), text) for text in texts)
    done = subprocess.run([program, str(case.path), *case.arguments, *more], input=records, capture_output=True, check=False)
    if done.returncode:
        sys.exit(f"{case.name}: {done.stderr.decode()}")
    return done.stdout


def read_ids(out):
    return [[int(each) for each in line.split()] for line in out.decode().split("\n")[:-1]]


def compare(case, what, texts, found, expected):
    wrong = [i for i, (a, b) in enumerate(zip(found, expected)) if a != b]
    print(f"{case.name:16} {what:10} {len(texts):8} texts, {len(wrong)} differ", flush=True)
    for i in wrong[:3]:
        print(f"   {texts[i][:200]!r}\n   found    {found[i]}\n   expected {expected[i]}")
    return len(wrong) + abs(len(found) - len(expected))


def check(arguments):
    captions = []
    if arguments.captions:
        rows = [json.loads(line) for line in open(arguments.captions, encoding="utf-8")]
        captions = sorted({text for row in rows for text in row["captions"].values()})
    everything = make_texts(arguments.seed, arguments.texts, captions) + [text.encode() for text in OPEN_CLIP_TEXTS]
    wrong = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "scratch").mkdir()
        for case in make_cases(folder, folder / "scratch"):
            if arguments.only and case.name not in arguments.only.split(","):
                continue
            texts = [text for text in everything if case.takes(text.decode("utf-8", errors="replace"))]
            strings = [text.decode("utf-8", errors="replace") for text in texts]
            expected = [case.encode(text) for text in strings]
            wrong += compare(case, "encode", texts, read_ids(stream(arguments.program, case, texts)), expected)
            if case.cut:
                few = slice(0, len(texts), 10)
                found = read_ids(stream(arguments.program, case, texts[few], ["--context-length", "9"]))
                wrong += compare(case, "truncate", texts[few], found, [case.cut(text, 9) for text in strings[few]])
            if case.decode:
                few = slice(0, len(texts), 4)
                out = stream(arguments.program, case, texts[few], ["--decode"])
                found = [bytes.fromhex(line).decode() for line in out.decode().split("\n")[1:-1:2]]
                wrong += compare(case, "decode", texts[few], found, [case.decode(ids) if ids else "" for ids in expected[few]])
    print(f"{wrong} differences")
    return 1 if wrong else 0


def visible(normalizer=None, splitter=None):
    """A tokenizer whose ids show each byte of the normalised text and where words end."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocab = {token: number for number, token in enumerate([*alphabet, *(each + "</w>" for each in alphabet)])}
    tokenizer = Tokenizer(models.BPE(vocab, [], end_of_word_suffix="</w>"))
    if normalizer:
        tokenizer.normalizer = normalizer
    bytes_only = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([splitter, bytes_only]) if splitter else bytes_only
    return tokenizer


def character_parts(scratch):
    """Every part of a tokenizer.json that asks what a character is."""
    only = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    bert = {f"bert {name}": normalizers.BertNormalizer(**{**only, name: True}) for name in only}
    rewrites = {"nfc": normalizers.NFC(), "nfd": normalizers.NFD(), "nfkc": normalizers.NFKC(), "nfkd": normalizers.NFKD(),
                "lowercase": normalizers.Lowercase(), "strip_accents": normalizers.StripAccents(), "nmt": normalizers.Nmt(),
                "strip": normalizers.Strip(), "nmt_nfkc": normalizers.Precompiled(chars_map(spm(scratch, "map", model_type="unigram"))), **bert}
    cuts = {"gpt2": pre_tokenizers.ByteLevel(add_prefix_space=False), "clip": pre_tokenizers.Split(Regex(CLIP), "removed", invert=True),
            "llama3": pre_tokenizers.Split(Regex(LLAMA), "isolated"), "bert": pre_tokenizers.BertPreTokenizer(),
            "whitespace": pre_tokenizers.Whitespace(), "whitespace_split": pre_tokenizers.WhitespaceSplit(),
            "digits": pre_tokenizers.Digits(individual_digits=True), "punctuation": pre_tokenizers.Punctuation(),
            "marks": pre_tokenizers.Split(Regex(r"[^\p{M}]\p{M}*"), "isolated")}
    return {**{name: visible(normalizer=part) for name, part in rewrites.items()},
            **{f"split {name}": visible(splitter=part) for name, part in cuts.items()}}


def unicode(arguments):
    characters = [chr(c) for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
    alone = [c.encode() for c in characters]
    among = ["".join(f"a{c}a \u0334{c}\u0301 e\u0301{c}e\u0301 \u1110\u1175{c}" for c in characters[at:at + 8]).encode()
             for at in range(0, len(characters), 8)]
    wrong = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for part, tokenizer in character_parts(folder).items():
            if arguments.only and part not in arguments.only.split(","):
                continue
            case = json_case(folder, part.replace(" ", "_"), tokenizer)
            texts = among + (alone if part in ("strip", "nmt_nfkc") else [])
            expected = [case.encode(text.decode()) for text in texts]
            wrong += compare(case, "encode", texts, read_ids(stream(arguments.program, case, texts)), expected)
    print(f"{len(characters)} characters, {wrong} differences")
    return 1 if wrong else 0


def golden(arguments):
    shutil.rmtree(GOLDEN, ignore_errors=True)
    with tempfile.TemporaryDirectory() as scratch:
        cases = make_cases(GOLDEN, pathlib.Path(scratch))
        texts = make_texts(arguments.seed + 1, 5050 - len(SENTENCES))
        drawn = [(cases[number % 15], text) for number, text in enumerate(texts)]
        more = make_texts(arguments.seed + 2, 400)[len(SENTENCES):] + [text.encode() for text in OPEN_CLIP_TEXTS]
        with open(GOLDEN / "samples.jsonl", "w", encoding="utf-8") as out:
            for case, text in drawn + [(cases[15], text) for text in more]:
                text = text[:LONGEST_SAMPLE]
                string = text.decode("utf-8", errors="replace")
                if not case.takes(string):
                    continue
                sound = string.encode() == text
                row = {"case": case.name, **({"text": string} if sound else {"base64": base64.b64encode(text).decode()})}
                row["ids"] = case.encode(string)
                if case.decode and row["ids"]:
                    row["decoded"] = case.decode(row["ids"])
                out.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")
    return 0


def main():
    parser = command_line.Parser(__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("golden", "check"):
        commands.add_parser(name).add_argument("--seed", type=int, default=4)
    checking = commands.choices["check"]
    for command in (checking, commands.add_parser("unicode")):
        command.add_argument("--program", required=True, help="tandem_token_stream")
        command.add_argument("--only", help="names of tokenizers or parts, with commas")
    checking.add_argument("--captions", help="JSONL with captions by language")
    checking.add_argument("--texts", type=int, default=20000)
    arguments = parser.parse_args()
    return {"golden": golden, "check": check, "unicode": unicode}[arguments.command](arguments)


if __name__ == "__main__":
    sys.exit(main())
