#include "text/sentencepiece/sentencepiece_engine.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

#include "io/files/foreign_content.h"
#include "io/files/utf8.h"
#include "tandem/core/error.h"
#include "text/cleaning/siglip_text.h"
#include "text/sentencepiece/sentencepiece_errors.h"
#include "text/sentencepiece/sentencepiece_json.h"
#include "text/unicode/unicode.h"

namespace tandem {
namespace {

constexpr std::string_view kSpaceMark = "\xE2\x96\x81";

[[noreturn]] void reject(const std::string& where, ErrorText text) {
  text.where = where;
  throw Error(ErrorKind::kCheckpoint, text);
}

void check_content(const std::string& model, const std::string& where) {
  if (model.empty()) reject(where, {.what = "the tokenizer file is empty"});
  if (const auto foreign = recognize_foreign_content(model)) {
    reject(where, {.what = "is not a sentencepiece model",
                   .found = std::string(foreign->name),
                   .hint = std::string(foreign->hint)});
  }
}

/// Lower-cases by the rule that training uses. The normaliser returns the form that sentencepiece
/// works on inside, with marks for spaces, which are spaces to it again.
std::string fold_case(const sentencepiece::SentencePieceNormalizer& folder,
                      const std::string& text) {
  std::string folded;
  require_ok(folder.Normalize(text, &folded), "lower-casing");
  std::string spaced;
  for (size_t begin = 0; begin < folded.size();) {
    const size_t mark = folded.find(kSpaceMark, begin);
    spaced.append(folded, begin, mark - begin);
    if (mark == std::string::npos) break;
    spaced += ' ';
    begin = mark + kSpaceMark.size();
  }
  return spaced;
}

bool folds_case(const sentencepiece::SentencePieceProcessor& processor) {
  return processor.Normalize("A") == processor.Normalize("a");
}

/// The marks of field 50001 of a protocol buffer, length-delimited, with four or five bytes of
/// content. The model's own fields end at 199; what follows is for extensions.
constexpr std::string_view kSchemeField4 = "\x8A\xB5\x18\x04";
constexpr std::string_view kSchemeField5 = "\x8A\xB5\x18\x05";

/// Returns the flags at the end of the model; none where it has no such field.
std::string_view scheme_flags(std::string_view model) {
  for (const std::string_view field : {kSchemeField4, kSchemeField5}) {
    const auto count = static_cast<size_t>(field.back());
    if (model.size() < field.size() + count) continue;
    const std::string_view tail = model.substr(model.size() - field.size() - count);
    if (tail.starts_with(field)) return tail.substr(field.size());
  }
  return {};
}

std::optional<SentencePieceScheme> read_scheme(std::string_view model) {
  const std::string_view flags = scheme_flags(model);
  if (flags.empty() || flags.find_first_not_of("0123") != std::string_view::npos)
    return std::nullopt;
  return SentencePieceScheme{.adds_bos = flags[0] == '1',
                             .adds_eos = flags[1] == '1',
                             .cleaning = static_cast<PieceCleaning>(flags[2] - '0'),
                             .fairseq = flags[3] == '1',
                             .pads_with_eos = flags.size() > 4 && flags[4] == '1'};
}

/// What an older Tandem knows is written as it was then, so that fingerprints stay.
std::string write_scheme(const SentencePieceScheme& scheme) {
  std::string field(scheme.pads_with_eos ? kSchemeField5 : kSchemeField4);
  field += scheme.adds_bos ? '1' : '0';
  field += scheme.adds_eos ? '1' : '0';
  field += static_cast<char>('0' + static_cast<int>(scheme.cleaning));
  field += scheme.fairseq ? '1' : '0';
  if (scheme.pads_with_eos) field += '1';
  return field;
}

class SentencePieceEngine final : public TokenizerEngine {
 public:
  SentencePieceEngine(std::string model, const std::string& where, bool lowercase,
                      const std::optional<SentencePieceScheme>& scheme);

  [[nodiscard]] Encoding encode(std::string_view text, int64_t context_length) const override;
  [[nodiscard]] std::string decode(const std::vector<int32_t>& ids) const override;
  [[nodiscard]] int64_t vocab_size() const override {
    return processor_.GetPieceSize() + (scheme_.fairseq ? 2 : 0);
  }
  [[nodiscard]] SpecialIds special_ids() const override { return special_; }
  [[nodiscard]] const std::string& content() const override { return model_; }
  [[nodiscard]] std::string file_name() const override { return "tokenizer.model"; }
  [[nodiscard]] HuggingFaceTokenizer to_hugging_face() const override;

 private:
  void find_special_pieces(const std::string& where);
  [[nodiscard]] int32_t to_id(int piece) const;
  [[nodiscard]] bool is_siglip() const {
    return scheme_.cleaning == PieceCleaning::kSiglip ||
           scheme_.cleaning == PieceCleaning::kSiglipLower;
  }
  [[nodiscard]] std::vector<int> plain_pieces(const std::string& text) const;
  [[nodiscard]] std::vector<int> siglip_pieces(const std::string& text) const;

  sentencepiece::SentencePieceProcessor processor_;
  std::unique_ptr<sentencepiece::SentencePieceNormalizer> folder_;  // null when not needed
  std::string model_;
  SentencePieceScheme scheme_;
  SpecialIds special_;
};

SentencePieceEngine::SentencePieceEngine(std::string model, const std::string& where,
                                         bool lowercase,
                                         const std::optional<SentencePieceScheme>& scheme) {
  silence_sentencepiece();
  check_content(model, where);
  if (!processor_.LoadFromSerializedProto(model).ok()) {
    reject(where, {.what = "the tokenizer file is damaged or not a sentencepiece model",
                   .found = fmt::format("{} bytes that do not parse", model.size()),
                   .hint = "copy or train it again"});
  }
  const auto carried = read_scheme(model);
  scheme_ = carried.value_or(scheme.value_or(SentencePieceScheme{}));
  if (scheme && !carried) model += write_scheme(*scheme);
  find_special_pieces(where);
  if (lowercase && !folds_case(processor_)) {
    folder_ = std::make_unique<sentencepiece::SentencePieceNormalizer>();
    require_ok(folder_->LoadFromRuleName("nmt_nfkc_cf"), "preparing to lower-case");
  }
  model_ = std::move(model);
}

void SentencePieceEngine::find_special_pieces(const std::string& where) {
  special_ = {.bos = processor_.bos_id(),
              .eos = processor_.eos_id(),
              .pad = processor_.pad_id(),
              .unk = processor_.unk_id()};
  if (scheme_.fairseq) {
    special_ = {.bos = 0, .eos = 2, .pad = 1, .unk = 3};
    return;
  }
  // A model that is used as another program uses it may do without what that one does not need.
  const bool own = scheme_.adds_bos && scheme_.adds_eos;
  const std::array<std::pair<const char*, int32_t>, 4> pieces = {
      {{"bos", special_.bos}, {"pad", special_.pad}, {"eos", special_.eos}, {"unk", special_.unk}}};
  const std::array<bool, 4> needed = {scheme_.adds_bos, own, scheme_.adds_eos, true};
  for (size_t index = 0; index < pieces.size(); ++index) {
    const auto& [name, id] = pieces[index];
    if (!needed[index]) continue;
    if (id < 0 || id >= processor_.GetPieceSize()) {
      reject(where, {.what = fmt::format("the vocabulary has no {} piece", name),
                     .expected = "bos, pad, eos and unk pieces",
                     .hint = "train it with --bos_id=0 --pad_id=1 --eos_id=2 --unk_id=3"});
    }
    for (size_t other = 0; other < index; ++other) {
      if (pieces[other].second != id) continue;
      reject(where, {.what = fmt::format("{} and {} are the same piece", pieces[other].first, name),
                     .found = fmt::format("id {}", id)});
    }
  }
  if (scheme_.pads_with_eos) special_.pad = special_.eos;
  if (special_.pad < 0) special_.pad = special_.eos >= 0 ? special_.eos : special_.unk;
}

/// XLM-R's vocabulary counts from fairseq's four special pieces; the model has unk, bos, eos first.
int32_t SentencePieceEngine::to_id(int piece) const {
  if (!scheme_.fairseq) return piece;
  return piece == processor_.unk_id() ? special_.unk : piece + 1;
}

std::vector<int> SentencePieceEngine::plain_pieces(const std::string& text) const {
  std::vector<int> pieces;
  require_ok(processor_.Encode(text, &pieces), "tokenising");
  return pieces;
}

/// transformers puts the unknown piece's text in front and takes its pieces away again, so that no
/// space is lost.
std::vector<int> SentencePieceEngine::siglip_pieces(const std::string& text) const {
  const std::string unknown = processor_.IdToPiece(special_.unk);
  const size_t dropped = plain_pieces(unknown).size();
  std::vector<int> pieces;
  for_each_siglip_part(text, {unknown, processor_.IdToPiece(special_.eos)},
                       [&](std::string_view part, int special) {
                         if (special >= 0) {
                           pieces.push_back(special == 0 ? special_.unk : special_.eos);
                           return;
                         }
                         const bool lower = scheme_.cleaning == PieceCleaning::kSiglipLower;
                         const auto found = plain_pieces(unknown + siglip_text(part, lower));
                         const size_t begin = found.size() < dropped ? 0 : dropped;
                         pieces.insert(pieces.end(), found.begin() + begin, found.end());
                       });
  const bool has_mark = !pieces.empty() && processor_.IdToPiece(pieces[0]) == kSpaceMark;
  if (has_mark && pieces.size() > 1 && (pieces[1] == special_.unk || pieces[1] == special_.eos))
    pieces.erase(pieces.begin());
  return pieces;
}

Encoding SentencePieceEngine::encode(std::string_view text, int64_t context_length) const {
  std::string clean =
      scheme_.cleaning == PieceCleaning::kCaption ? clean_caption(text) : replace_damage(text);
  if (folder_) clean = fold_case(*folder_, clean);
  std::vector<int> pieces = is_siglip() ? siglip_pieces(clean) : plain_pieces(clean);
  const int64_t framing = (scheme_.adds_bos ? 1 : 0) + (scheme_.adds_eos ? 1 : 0);
  const auto room = static_cast<size_t>(context_length - framing);
  Encoding encoding;
  encoding.truncated = pieces.size() > room;
  if (encoding.truncated) pieces.resize(room);
  encoding.ids.reserve(pieces.size() + 2);
  if (scheme_.adds_bos) encoding.ids.push_back(special_.bos);
  for (const int piece : pieces) {
    encoding.ids.push_back(to_id(piece));
    if (piece == processor_.unk_id()) ++encoding.unknown;
  }
  const bool has_eos = is_siglip() && !pieces.empty() && pieces.back() == special_.eos;
  if (scheme_.adds_eos && !has_eos) encoding.ids.push_back(special_.eos);
  return encoding;
}

std::string SentencePieceEngine::decode(const std::vector<int32_t>& ids) const {
  std::vector<int> pieces;
  for (int32_t id : ids) {
    if (scheme_.fairseq) {
      const bool special = id == special_.bos || id == special_.pad || id == special_.eos;
      if (special || id == vocab_size() - 1) continue;
      id = id == special_.unk ? processor_.unk_id() : id - 1;
    }
    if (id < processor_.GetPieceSize() && !processor_.IsControl(id)) pieces.push_back(id);
  }
  std::string text;
  require_ok(processor_.Decode(pieces, &text), "decoding");
  return text;
}

/// The compiled rule that lower-cases, taken from a model trained with it.
std::string fold_chars_map() {
  std::string model;
  require_ok(sentencepiece::SentencePieceTrainer::Train({{"model_type", "unigram"},
                                                         {"vocab_size", "8"},
                                                         {"hard_vocab_limit", "false"},
                                                         {"normalization_rule_name", "nmt_nfkc_cf"},
                                                         {"minloglevel", "3"}},
                                                        std::vector<std::string>{"a"}, &model),
             "preparing to lower-case");
  return read_sentencepiece_file(model, "nmt_nfkc_cf").chars_map;
}

HuggingFaceTokenizer SentencePieceEngine::to_hugging_face() const {
  const SentencePieceFile file = read_sentencepiece_file(model_, file_name());
  SentencePieceUse use{.scheme = scheme_, .special = special_};
  if (folder_) use.first_chars_map = fold_chars_map();
  HuggingFaceTokenizer result{.json = sentencepiece_json(file, use), .special_text_is_text = true};
  for (const SentencePieceFile::Piece& piece : pieces_by_id(file, use))
    result.tokens.push_back(piece.text);
  return result;
}

}  // namespace

std::unique_ptr<TokenizerEngine> make_sentencepiece_engine(
    std::string model, const std::string& where, bool lowercase,
    const std::optional<SentencePieceScheme>& scheme) {
  return std::make_unique<SentencePieceEngine>(std::move(model), where, lowercase, scheme);
}

}  // namespace tandem
