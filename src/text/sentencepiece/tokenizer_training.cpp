#include <algorithm>
#include <functional>
#include <unordered_map>

#include <fmt/format.h>
#include <sentencepiece_trainer.h>

#include "io/files/utf8.h"
#include "tandem/core/error.h"
#include "tandem/core/log.h"
#include "tandem/text/tokenizer.h"
#include "text/sentencepiece/caption_sample.h"
#include "text/sentencepiece/sentencepiece_errors.h"

namespace tandem {
namespace {

constexpr int64_t kSpecialPieces = 4;
constexpr size_t kMaxTrainingBytes = size_t{32} << 20;
// The model depends on this number, not on how many of them run at a time: it is the same anywhere.
constexpr const char* kThreads = "4";
// sentencepiece keeps this character for itself and passes over captions that hold it.
constexpr std::string_view kReserved = "\xE2\x96\x85";

struct Corpus {
  std::vector<std::string> captions;
  std::unordered_map<char32_t, int64_t> characters;  // as they are after normalisation
};

void check_options(const TokenizerOptions& options) {
  constexpr int64_t kMaxSize = TokenizerOptions::kMaxVocabSize;
  constexpr double kMinCoverage = TokenizerOptions::kMinCharacterCoverage;
  if (options.train_vocab_size < 1 || options.train_vocab_size > kMaxSize) {
    throw Error(ErrorKind::kConfig, {.what = "the vocabulary size is out of range",
                                     .where = "tokenizer.train_vocab_size",
                                     .expected = fmt::format("1 to {}", kMaxSize),
                                     .found = std::to_string(options.train_vocab_size)});
  }
  // Written so that NaN fails too.
  if (!(options.train_character_coverage >= kMinCoverage &&
        options.train_character_coverage <= 1.0)) {
    throw Error(ErrorKind::kConfig, {.what = "the character coverage is out of range",
                                     .where = "tokenizer.train_character_coverage",
                                     .expected = fmt::format("{} to 1", kMinCoverage),
                                     .found = fmt::format("{}", options.train_character_coverage)});
  }
}

const char* normalization_rule(const TokenizerOptions& options) {
  return options.lowercase ? "nmt_nfkc_cf" : "nmt_nfkc";
}

Corpus collect(const std::vector<std::string>& captions, const TokenizerOptions& options) {
  sentencepiece::SentencePieceNormalizer normalizer;
  require_ok(normalizer.LoadFromRuleName(normalization_rule(options)), "preparing to normalise");
  const std::vector<size_t> sample = sample_captions(captions, kMaxTrainingBytes);
  if (sample.size() < captions.size()) {
    log_info(fmt::format("The tokenizer is trained on {} of {} captions, {} MB of text.",
                         sample.size(), captions.size(), kMaxTrainingBytes >> 20));
  }
  Corpus corpus;
  for (const size_t position : sample) {
    std::string caption = clean_caption(captions[position]);
    std::string normalized;
    require_ok(normalizer.Normalize(caption, &normalized), "normalising");
    if (normalized.empty() || caption.find(kReserved) != std::string::npos) continue;
    for (std::string_view rest = normalized; !rest.empty();) {
      const Utf8Step step = read_utf8(rest);
      ++corpus.characters[step.code_point];
      rest.remove_prefix(step.bytes);
    }
    corpus.captions.push_back(std::move(caption));
  }
  if (corpus.captions.empty()) {
    throw Error(ErrorKind::kData, {.what = "no caption to train a tokenizer on",
                                   .expected = "at least one that is not blank",
                                   .found = fmt::format("{} captions", captions.size())});
  }
  return corpus;
}

/// The special pieces and the most frequent characters up to the coverage, as the trainer counts
/// them.
int64_t smallest_vocab_size(const Corpus& corpus, double coverage) {
  std::vector<int64_t> counts;
  int64_t total = 0;
  for (const auto& [character, count] : corpus.characters) {
    counts.push_back(count);
    total += count;
  }
  std::sort(counts.begin(), counts.end(), std::greater<>());
  int64_t covered = 0;
  int64_t pieces = kSpecialPieces;
  for (const int64_t count : counts) {
    const double share = static_cast<double>(covered) / static_cast<double>(total);
    if (static_cast<float>(share) >= static_cast<float>(coverage)) break;
    covered += count;
    ++pieces;
  }
  return pieces;
}

void check_vocab_size(const Corpus& corpus, const TokenizerOptions& options) {
  const int64_t smallest = smallest_vocab_size(corpus, options.train_character_coverage);
  if (options.train_vocab_size >= smallest) return;
  throw Error(ErrorKind::kConfig,
              {.what = "the vocabulary is too small for the characters in the captions",
               .where = "tokenizer.train_vocab_size",
               .expected = fmt::format("at least {} ({} special pieces and {} characters)",
                                       smallest, kSpecialPieces, smallest - kSpecialPieces),
               .found = std::to_string(options.train_vocab_size),
               .hint = "a larger size, or a tokenizer.train_character_coverage below 1"});
}

}  // namespace

Tokenizer train_tokenizer(const std::vector<std::string>& captions,
                          const TokenizerOptions& options) {
  check_options(options);
  silence_sentencepiece();
  const Corpus corpus = collect(captions, options);
  check_vocab_size(corpus, options);
  const std::unordered_map<std::string, std::string> arguments = {
      {"model_type", options.train_model == TokenizerModel::kBpe ? "bpe" : "unigram"},
      {"vocab_size", std::to_string(options.train_vocab_size)},
      {"hard_vocab_limit", "false"},
      {"character_coverage", fmt::format("{}", options.train_character_coverage)},
      {"normalization_rule_name", normalization_rule(options)},
      {"bos_id", "0"},
      {"pad_id", "1"},
      {"eos_id", "2"},
      {"unk_id", "3"},
      {"num_threads", kThreads},
      {"max_sentence_length", "65536"},
      {"minloglevel", "3"}};
  std::string model;
  require_ok(sentencepiece::SentencePieceTrainer::Train(arguments, corpus.captions, &model),
             "training a tokenizer");
  Tokenizer tokenizer = Tokenizer::parse(std::move(model), "trained tokenizer");
  if (tokenizer.vocab_size() < options.train_vocab_size) {
    log_info(
        fmt::format("The captions do not give the {} pieces requested.", options.train_vocab_size));
  }
  return tokenizer;
}

}  // namespace tandem
