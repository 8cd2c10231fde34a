#!/usr/bin/env python3
"""Writes tests/golden/captions/: captions with references, their words and their scores, as pycocoevalcap has them.

    scripts/make_golden_captions.py

words.jsonl: single captions with what is hard in them, and their words, each tokenized with a lower-case line after it.
cases.jsonl: pictures with a caption, references, the words of each, ROUGE-L and CIDEr.
scores.json: BLEU-1 to 4, ROUGE-L and CIDEr of all cases, and of parts of them, with the versions.

Needs numpy, java, and pycocoevalcap 1.2 (pip install --no-deps pycocoevalcap==1.2; its tokenizer is a jar in the package).
"""
import importlib.metadata
import json
import pathlib
import random
import re
import subprocess

import command_line

command_line.begin(__name__, __doc__)
import numpy  # noqa: E402
from pycocoevalcap.bleu.bleu import Bleu  # noqa: E402
from pycocoevalcap.cider.cider import Cider  # noqa: E402
from pycocoevalcap.rouge.rouge import Rouge  # noqa: E402
from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer  # noqa: E402

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "tests/golden/captions"
WHO = ("a man", "a woman", "two boys", "the little girl", "three people", "a brown dog", "a black-and-white cat", "an old man's dog",
       "a 5-year-old child", "some U.S. soldiers", "Mr. Smith's horse", "a bird", "two zebras", "the team's no. 7 player",
       "a young lady with a T-shirt that says \"LOVE\"", "a couple", "several cows", "a baby", "the chef", "un garçon")
DOING = ("is riding a bike", "are standing", "isn't looking", "is eating a 1/2 pizza", "sits", "is playing frisbee", "can't see the ball",
         "is about to catch a ball", "is walking", "holds a red umbrella", "is sleeping", "jumps over a fence", "is taking a picture",
         "wears a black hat", "is flying a kite", "cannot stop laughing", "is wearing a '90s jacket", "is surfing a wave")
WHERE = ("on the beach", "in front of a building", "near the ocean, at sunset", "on a wooden table", "in the snow", "by the river",
         "next to a stop sign", "at 10:30 a.m.", "in a park (in the city)", "under a tree", "on top of a snow-covered hill",
         "beside a bus that costs $1,000", "in an and/or room", "in a kitchen with white cabinets", "at the café")
END = ("", ".", ".", ".", " .", "!", "...", ", too.", " -- again.", "?", "; it's sunny.")
HARD = r"""
A man's dog isn't here, can't be.
A red, white & blue "flag" (large) -- on a pole...
Two 3.5-inch disks for $1,000.50 at 10:30 a.m.
Mr. Smith gonna cannot do it; the U.S. flag!
the dogs' bowl / a t-shirt that says 'hello'
wanna lemme d'ye 'tis 'twas gimme gotta more'n
C'est l'été à Paris: café – naïve — done
an e-mail to foo@bar.com at http://www.x.com/a_b.html #tag
50% off ½ cup 1/2 cup 1 1/2 cups 5'10" tall 70's rock '90s '05 was
[brackets] {braces} <b>bold</b> it's ok!!! what?!
etc. vs. no. 5 No. of no. fig. 3 St. Louis Jan. Dr. Jones Inc. and Co.
sentence one. Sentence two . dots.in.middle Hello!World x,y x;y a:b
you're we've i'm he'd they'll let's y'all o'clock O'Brien ma'am d'Avignon l'eau
a.b. x.y.z ph.d. Ph.D.s U.S.-made non-U.S. 3-4 mid-1990s state-of-the-art
snow-covered mountain,with trees.and   double  spaces
1,234 12:30pm 6ft. 3d #1 @home *star* ~tilde ^caret | pipe \ back 20mph 3.5mm 4x4
It’s “curly” quotes ‘here’ and’s don’t they’re rock’n’roll o’clock
日本語 の 写真。中文，句子。 Привет, мир! Ελληνικά ΣΑΣ हिन्दी ไทย 한국어
AT&T R&B a&b A+B rock 'n' roll ol' jack-o'-lantern will-o'-the-wisp
(a) :) :-) :-( ;) =) <3 ... .. .... - -- --- ---- ----- _under_ a_b snake_case
I. A. B. Smith x. plan b. the plan b. The end of c. It is
5 stars; 5. 5, ,5 .5 -5 +5 5- 1..2 1.2.3 5/3/2010 05-03-10 24/7 1st 2nd 3:a
€5 £5 $5 US$5 us$5 5€ ¢ ¥5 5% # 5 1/4 ¼ ¾ ⅓ 20°C x² H₂O
emoji 😀 dog🐶cat ★ ♥ → ©2010 ®x ™ • bullet
'quoted words' "a" 'I am' ``a'' “‘nested’” «bonjour» „low“ ‚x‘ 'a 'abc'
cat., dog.: snow-cat., 5., A&B., u.s., x., etc., (etc.) etc." a.m.) a.m.?
&amp; &lt; &gt; &quot; &#39; AT&amp;T x &amp; y
C++ c# www.foo.com/a/b.html flickr.com/photos www.foo1.com WWW.FOO.COM (http://a.b) Foo.com/x 001.jpg 2.png, 7.webp
isn't ISN'T isn't. an't in't don'ts Don'T' n't 's 'm it's' James's James' Bob's-house
pro- anti- anti-war pro-life cap'n Cap'n c'mon nor'easter 'em 'til 'till 'cause somethin' rockin' li'l
cannot CANNOT cannots gonna. gonnas wanna-be gotta, lemme! Gimme cannot.
a1-b2 5-a-day 2-in-1 3-in. 6-ft. tall 1.5-inch 1,000-foot 10×10 10 x 10 2.0L
a--b a—b a-b a- b -a _x x_ __ a__b @@ ## ** ?? !!
he/she and/or w/o km/h black/white/red black-and-white/red café/bar 1/2/3
naïve-looking café-bar é-é e´ İstanbul ΟΔΟΣ ñandú coöperate soft­hyphen no break
<br /> <a href="x y">link</a> < b > 3<4 x<y <<a>> a=b a==b a|b
"""


def sentence(draw):
    text = f"{draw.choice(WHO)} {draw.choice(DOING)} {draw.choice(WHERE)}{draw.choice(END)}"
    return text[0].upper() + text[1:] if draw.random() < 0.6 else text


def retold(draw, text):
    """The sentence as a captioner may have it: words lost, doubled, or swapped."""
    words = text.split(" ")
    for _ in range(draw.randint(0, 4)):
        at = draw.randrange(len(words))
        kind = draw.random()
        if kind < 0.4 and len(words) > 1:
            del words[at]
        elif kind < 0.6:
            words.insert(at, words[at])
        else:
            words[at] = draw.choice(draw.choice(draw.choice((WHO, DOING, WHERE))).split(" "))
    return " ".join(words)


def make_cases(draw):
    cases = [("a", ["a dog"]), ("a dog.", ["A dog runs.", "a dog"]), ("a dog runs", ["a dog runs", "a dog runs", "a dog runs"]),
             ("...", ["Nothing to see here."]), ("a a a a a a", ["a man and a dog", "A a."]), ("1 1/2 cups of tea", ["A cup.", "1 1/2 cups."])]
    cases.insert(2, ("", ["An empty caption", "has no words."]))
    while len(cases) < 200:
        references = [sentence(draw)]
        for _ in range(draw.randint(0, 4)):
            references.append(retold(draw, references[0]) if draw.random() < 0.6 else sentence(draw))
        caption = retold(draw, draw.choice(references)) if draw.random() < 0.85 else sentence(draw)
        cases.append((caption, references))
    return [{"image": f"{i}.jpg", "caption": caption, "references": references} for i, (caption, references) in enumerate(cases)]


def tokenized(texts):
    """PTBTokenizer's words for {key: [text, …]}."""
    return PTBTokenizer().tokenize({key: [{"caption": text} for text in values] for key, values in texts.items()})


def score(cases):
    references = {case["image"]: case["reference_words"] for case in cases}
    captions = {case["image"]: [case["words"]] for case in cases}
    bleu, _ = Bleu(4).compute_score(references, captions, verbose=0)
    rouge, image_rouge = Rouge().compute_score(references, captions)
    cider, image_cider = Cider().compute_score(references, captions)
    return {"bleu": [float(x) for x in bleu], "rouge_l": float(rouge), "cider": float(cider)}, image_rouge, image_cider


def write_lines(name, rows):
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (FOLDER / name).write_text(text, encoding="utf-8")


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    hard = HARD.strip().split("\n")
    words = tokenized({line: [line, "x"] for line in hard})
    write_lines("words.jsonl", [{"caption": line, "words": words[line][0]} for line in hard])

    cases = make_cases(random.Random(19))
    captions = tokenized({case["image"]: [case["caption"]] for case in cases})
    references = tokenized({case["image"]: case["references"] for case in cases})
    for case in cases:
        case.update(words=captions[case["image"]][0], reference_words=references[case["image"]])
    whole, rouge, cider = score(cases)
    for case, each_rouge, each_cider in zip(cases, rouge, cider):
        case.update(rouge_l=float(each_rouge), cider=float(each_cider))
    java = subprocess.run(["java", "-version"], capture_output=True, text=True, check=True).stderr
    scores = {"versions": {"pycocoevalcap": importlib.metadata.version("pycocoevalcap"), "numpy": numpy.__version__,
                           "java": re.search(r'"(.*?)"', java)[1]},
              "corpora": [{"first": 0, "count": len(cases), **whole}]}
    for first, count in ((4, 1), (2, 1), (0, 2), (0, 7), (7, 40)):
        scores["corpora"].append({"first": first, "count": count, **score(cases[first:first + count])[0]})
    write_lines("cases.jsonl", cases)
    (FOLDER / "scores.json").write_text(json.dumps(scores, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
