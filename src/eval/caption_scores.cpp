#include "tandem/eval/caption_scores.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "eval/treebank_scanner.h"
#include "tandem/core/error.h"

namespace tandem {
namespace {

constexpr size_t kLongestNgram = 4;
constexpr double kRougeBeta = 1.2;
constexpr double kCiderSigma = 6.0;

constexpr std::string_view kDroppedTokens[] = {"''", "'", "``", "`",  ".",   "?", "!",
                                               ",",  ":", "-",  "--", "...", ";"};

using WordIds = std::vector<int>;
/// One to four words; the unused places are 0, which is no word.
using Ngram = std::array<int, kLongestNgram>;
using NgramCounts = std::array<std::map<Ngram, int>, kLongestNgram>;

/// A caption in the two ways in which the scores count its words.
struct CountedCaption {
  std::vector<std::string> words;  ///< As caption_words returns them, for ROUGE-L.
  int64_t length = 0;              ///< Words for BLEU and CIDEr.
  NgramCounts ngrams;
};

/// Numbers words from 1.
class Vocabulary {
 public:
  int id(const std::string& word) {
    return ids_.try_emplace(word, static_cast<int>(ids_.size()) + 1).first->second;
  }

 private:
  std::map<std::string, int> ids_;
};

/// `word` in the parts between its no-break spaces.
std::vector<std::string> parts_of(const std::string& word) {
  static constexpr std::string_view kNoBreak = "\xC2\xA0";
  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= word.size();) {
    const size_t end = std::min(word.find(kNoBreak, begin), word.size());
    if (end > begin) parts.push_back(word.substr(begin, end - begin));
    begin = end + kNoBreak.size();
  }
  return parts;
}

CountedCaption count_words(std::vector<std::string> words, Vocabulary& vocabulary) {
  CountedCaption counted{.words = std::move(words), .ngrams = {}};
  WordIds ids;
  for (const std::string& word : counted.words)
    for (const std::string& part : parts_of(word)) ids.push_back(vocabulary.id(part));
  counted.length = static_cast<int64_t>(ids.size());
  for (size_t n = 1; n <= kLongestNgram; ++n) {
    for (size_t first = 0; first + n <= ids.size(); ++first) {
      Ngram ngram{};
      std::copy_n(ids.begin() + static_cast<std::ptrdiff_t>(first), n, ngram.begin());
      ++counted.ngrams[n - 1][ngram];
    }
  }
  return counted;
}

struct CountedCase {
  CountedCaption caption;
  std::vector<CountedCaption> references;
};

std::vector<CountedCase> count_cases(const std::vector<CaptionCase>& cases) {
  if (cases.empty()) throw Error(ErrorKind::kUsage, "there is no caption to score");
  for (const CaptionCase& each : cases) {
    if (!each.references.empty()) continue;
    throw Error(ErrorKind::kUsage,
                {.what = "a caption cannot be scored without references", .where = each.image});
  }
  Vocabulary vocabulary;
  std::vector<CountedCase> counted(cases.size());
  for (size_t i = 0; i < cases.size(); ++i) {
    const CaptionCase* next = i + 1 < cases.size() ? &cases[i + 1] : nullptr;
    const auto& references = cases[i].references;
    counted[i].caption = count_words(
        caption_words(cases[i].caption, next == nullptr ? "" : next->caption), vocabulary);
    for (size_t k = 0; k < references.size(); ++k) {
      std::string_view after;
      if (next != nullptr) after = next->references.front();
      if (k + 1 < references.size()) after = references[k + 1];
      counted[i].references.push_back(count_words(caption_words(references[k], after), vocabulary));
    }
  }
  return counted;
}

/// Length of the reference that is closest to that of the caption; the shorter of two.
int64_t closest_length(const CountedCase& each) {
  int64_t best = each.references.front().length;
  for (const CountedCaption& reference : each.references) {
    const auto order = [&](int64_t length) {
      return std::pair(std::abs(length - each.caption.length), length);
    };
    if (order(reference.length) < order(best)) best = reference.length;
  }
  return best;
}

/// How many n-grams of the caption are in a reference, each counted at most as often as in the
/// reference that has it most often.
int64_t matched_ngrams(const CountedCase& each, size_t n) {
  int64_t matched = 0;
  for (const auto& [ngram, count] : each.caption.ngrams[n]) {
    int most = 0;
    for (const CountedCaption& reference : each.references) {
      const auto found = reference.ngrams[n].find(ngram);
      if (found != reference.ngrams[n].end()) most = std::max(most, found->second);
    }
    matched += std::min(count, most);
  }
  return matched;
}

void score_bleu(const std::vector<CountedCase>& cases, double (&bleu)[kLongestNgram]) {
  // pycocoevalcap's: they make a quotient without n-grams 0 and not undefined.
  constexpr double kSmall = 1e-9;
  constexpr double kTiny = 1e-15;
  int64_t length = 0;
  int64_t reference_length = 0;
  for (const CountedCase& each : cases) {
    length += each.caption.length;
    reference_length += closest_length(each);
  }
  const double ratio =
      (static_cast<double>(length) + kTiny) / (static_cast<double>(reference_length) + kSmall);
  const double brevity = ratio < 1 ? std::exp(1 - 1 / ratio) : 1;
  double product = 1;
  for (size_t n = 0; n < kLongestNgram; ++n) {
    int64_t matched = 0;
    int64_t written = 0;
    for (const CountedCase& each : cases) {
      matched += matched_ngrams(each, n);
      written += std::max<int64_t>(0, each.caption.length - static_cast<int64_t>(n));
    }
    product *= (static_cast<double>(matched) + kTiny) / (static_cast<double>(written) + kSmall);
    bleu[n] = std::pow(product, 1.0 / static_cast<double>(n + 1)) * brevity;
  }
}

/// Length of the longest common subsequence.
size_t common_length(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  std::vector<size_t> above(b.size() + 1, 0);
  std::vector<size_t> row(b.size() + 1, 0);
  for (const std::string& word : a) {
    for (size_t i = 0; i < b.size(); ++i)
      row[i + 1] = word == b[i] ? above[i] + 1 : std::max(above[i + 1], row[i]);
    std::swap(above, row);
  }
  return above.back();
}

double rouge_l(const CountedCase& each) {
  // A caption without words counts as one empty word, there as here.
  const auto words_of = [](const CountedCaption& caption) {
    return caption.words.empty() ? std::vector<std::string>{""} : caption.words;
  };
  const std::vector<std::string> words = words_of(each.caption);
  double precision = 0;
  double recall = 0;
  for (const CountedCaption& reference : each.references) {
    const std::vector<std::string> expected = words_of(reference);
    const auto common = static_cast<double>(common_length(expected, words));
    precision = std::max(precision, common / static_cast<double>(words.size()));
    recall = std::max(recall, common / static_cast<double>(expected.size()));
  }
  if (precision == 0 || recall == 0) return 0;
  constexpr double kBetaSquared = kRougeBeta * kRougeBeta;
  return (1 + kBetaSquared) * precision * recall / (recall + kBetaSquared * precision);
}

/// Weighs n-grams by how rare they are among the references, and compares captions by them.
class Cider {
 public:
  explicit Cider(const std::vector<CountedCase>& cases)
      : log_documents_(std::log(static_cast<double>(cases.size()))) {
    for (const CountedCase& each : cases) {
      for (size_t n = 0; n < kLongestNgram; ++n) {
        std::map<Ngram, int> seen;
        for (const CountedCaption& reference : each.references)
          seen.insert(reference.ngrams[n].begin(), reference.ngrams[n].end());
        for (const auto& entry : seen) ++documents_with_[entry.first];
      }
    }
  }

  [[nodiscard]] double score(const CountedCase& each) const {
    double sum = 0;
    for (const CountedCaption& reference : each.references)
      for (size_t n = 0; n < kLongestNgram; ++n) sum += similarity(each.caption, reference, n);
    return 10.0 * sum / static_cast<double>(kLongestNgram * each.references.size());
  }

 private:
  [[nodiscard]] double weight(const Ngram& ngram, int count) const {
    const auto found = documents_with_.find(ngram);
    const int documents = found == documents_with_.end() ? 1 : found->second;
    return count * (log_documents_ - std::log(static_cast<double>(documents)));
  }

  [[nodiscard]] double norm(const std::map<Ngram, int>& counts) const {
    double sum = 0;
    for (const auto& [ngram, count] : counts) sum += std::pow(weight(ngram, count), 2);
    return std::sqrt(sum);
  }

  [[nodiscard]] double similarity(const CountedCaption& caption, const CountedCaption& reference,
                                  size_t n) const {
    double product = 0;
    for (const auto& [ngram, count] : caption.ngrams[n]) {
      const auto found = reference.ngrams[n].find(ngram);
      if (found == reference.ngrams[n].end()) continue;
      const double expected = weight(ngram, found->second);
      product += std::min(weight(ngram, count), expected) * expected;
    }
    const double norms = norm(caption.ngrams[n]) * norm(reference.ngrams[n]);
    if (norms != 0) product /= norms;
    // The lengths that CIDEr compares are counted in pairs of words.
    const auto pairs = [](const CountedCaption& each) {
      return static_cast<double>(std::max<int64_t>(0, each.length - 1));
    };
    const double delta = pairs(caption) - pairs(reference);
    return product * std::exp(-delta * delta / (2 * kCiderSigma * kCiderSigma));
  }

  double log_documents_;
  std::map<Ngram, int> documents_with_;
};

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

}  // namespace

std::vector<std::string> caption_words(std::string_view caption, std::string_view next) {
  std::vector<std::string> words = treebank_tokens(caption, next);
  std::erase_if(words, [](const std::string& word) {
    return std::find(std::begin(kDroppedTokens), std::end(kDroppedTokens), word) !=
           std::end(kDroppedTokens);
  });
  return words;
}

CaptionScores score_captions(const std::vector<CaptionCase>& cases) {
  const std::vector<CountedCase> counted = count_cases(cases);
  CaptionScores scores;
  score_bleu(counted, scores.bleu);
  const Cider cider(counted);
  for (const CountedCase& each : counted) {
    scores.image_rouge_l.push_back(rouge_l(each));
    scores.image_cider.push_back(cider.score(each));
  }
  scores.rouge_l = mean_of(scores.image_rouge_l);
  scores.cider = mean_of(scores.image_cider);
  return scores;
}

}  // namespace tandem
