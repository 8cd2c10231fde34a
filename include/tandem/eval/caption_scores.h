#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tandem {

/// A picture's caption as written by a model, with the captions that people gave it.
struct CaptionCase {
  std::string image = {};  ///< What names the picture in messages.
  std::string caption = {};
  std::vector<std::string> references = {};
};

/// How well captions agree with their references, as pycocoevalcap 1.2 computes it. METEOR is not
/// among them: it is defined by a Java program with stemmers, WordNet and a paraphrase table of
/// 60 MB, and without these its numbers compare with no published ones.
struct CaptionScores {
  double bleu[4] = {0, 0, 0, 0};  ///< BLEU-1 to BLEU-4 of all captions together, 0 to 1; brevity
                                  ///< against the reference of the closest length.
  double rouge_l = 0;             ///< Mean of image_rouge_l.
  double cider = 0;               ///< Mean of image_cider.
  std::vector<double> image_rouge_l = {};  ///< One a case, 0 to 1 (beta 1.2).
  std::vector<double> image_cider = {};    ///< One a case, 0 to 10 (n-grams up to 4, sigma 6;
                                           ///< document frequencies of these references).
};

/// Returns the words of a caption as these scores count them: the tokens of Stanford's PTBTokenizer
/// 3.4.1 in lower case, without punctuation: "A man's dog isn't here." gives a, man, 's, dog, is,
/// n't, here. Brackets stay, as "-lrb-" and "-rrb-". A word may hold U+00A0 ("1 1/2"); BLEU and
/// CIDEr count it as two.
///
/// `next` is the caption after it: pycocoevalcap tokenizes all captions as one text, and there a
/// word such as "The" at the start of `next` makes "b" of the "b." in "plan b.". Not covered:
/// telephone numbers with blanks or brackets, faces such as "^_^", named HTML entities other than
/// &amp; &lt; &gt; &quot; &nbsp;, slashes behind backslashes, and letters that Unicode got after
/// 2009, which the tokenizer drops. Thread-safe.
[[nodiscard]] std::vector<std::string> caption_words(std::string_view caption,
                                                     std::string_view next = {});

/// Scores captions against their references. The order of the cases matters only for `next` of
/// caption_words. An empty caption has no words. A corpus of one picture has CIDEr 0: every n-gram
/// is in all documents. Throws kUsage when there are no cases, and for a case without references,
/// with the name of its picture. Thread-safe.
[[nodiscard]] CaptionScores score_captions(const std::vector<CaptionCase>& cases);

}  // namespace tandem
