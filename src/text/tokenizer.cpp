#include "tandem/text/tokenizer.h"

#include <array>

#include <fmt/format.h>
#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

#include "io/foreign_content.h"
#include "tandem/core/error.h"
#include "tandem/core/files.h"
#include "text/sentencepiece_errors.h"

namespace tandem {
namespace {

constexpr uint64_t kMaxModelBytes = uint64_t{64} << 20;
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

}  // namespace

struct Tokenizer::Implementation {
  sentencepiece::SentencePieceProcessor processor;
  std::unique_ptr<sentencepiece::SentencePieceNormalizer> folder;  // null when not needed
  std::string model;
  std::string fingerprint;
  int32_t pad = 0;
  int32_t bos = 0;
  int32_t eos = 0;
  int32_t unk = 0;

  void find_special_pieces(const std::string& where);
};

void Tokenizer::Implementation::find_special_pieces(const std::string& where) {
  bos = processor.bos_id();
  pad = processor.pad_id();
  eos = processor.eos_id();
  unk = processor.unk_id();
  const std::array<std::pair<const char*, int32_t>, 4> pieces = {
      {{"bos", bos}, {"pad", pad}, {"eos", eos}, {"unk", unk}}};
  for (size_t index = 0; index < pieces.size(); ++index) {
    const auto& [name, id] = pieces[index];
    if (id < 0 || id >= processor.GetPieceSize()) {
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
}

Tokenizer::Tokenizer(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Tokenizer Tokenizer::load(const std::filesystem::path& file, bool lowercase) {
  return parse(read_file(file, kMaxModelBytes), file.string(), lowercase);
}

Tokenizer Tokenizer::parse(std::string model, const std::string& where, bool lowercase) {
  silence_sentencepiece();
  check_content(model, where);
  auto made = std::make_unique<Implementation>();
  if (!made->processor.LoadFromSerializedProto(model).ok()) {
    reject(where, {.what = "the tokenizer file is damaged or is no sentencepiece model",
                   .found = fmt::format("{} bytes that cannot be read as one", model.size()),
                   .hint = "copy or train it again"});
  }
  made->find_special_pieces(where);
  if (lowercase && !folds_case(made->processor)) {
    made->folder = std::make_unique<sentencepiece::SentencePieceNormalizer>();
    require_ok(made->folder->LoadFromRuleName("nmt_nfkc_cf"), "preparing to lower-case");
  }
  made->fingerprint = content_hash(model);
  made->model = std::move(model);
  return Tokenizer(std::move(made));
}

Encoding Tokenizer::encode(std::string_view text, int64_t context_length) const {
  if (context_length < 2) {
    throw Error(ErrorKind::kUsage, {.what = "the context is too short for a text",
                                    .expected = "context_length of at least 2",
                                    .found = std::to_string(context_length)});
  }
  const Implementation& self = *implementation_;
  std::string clean = clean_caption(text);
  if (self.folder) clean = fold_case(*self.folder, clean);
  std::vector<int> pieces;
  require_ok(self.processor.Encode(clean, &pieces), "tokenising");
  const auto room = static_cast<size_t>(context_length - 2);
  Encoding encoding;
  encoding.truncated = pieces.size() > room;
  if (encoding.truncated) pieces.resize(room);
  encoding.ids.reserve(pieces.size() + 2);
  encoding.ids.push_back(self.bos);
  for (const int piece : pieces) {
    encoding.ids.push_back(piece);
    if (piece == self.unk) ++encoding.unknown;
  }
  encoding.ids.push_back(self.eos);
  return encoding;
}

std::string Tokenizer::decode(const std::vector<int32_t>& ids) const {
  const Implementation& self = *implementation_;
  std::vector<int> pieces;
  for (const int32_t id : ids) {
    if (id < 0 || id >= vocab_size()) {
      throw Error(ErrorKind::kUsage, {.what = "an id is outside the vocabulary",
                                      .expected = fmt::format("0 to {}", vocab_size() - 1),
                                      .found = std::to_string(id)});
    }
    if (!self.processor.IsControl(id)) pieces.push_back(id);
  }
  std::string text;
  require_ok(self.processor.Decode(pieces, &text), "decoding");
  return text;
}

int64_t Tokenizer::vocab_size() const { return implementation_->processor.GetPieceSize(); }
int32_t Tokenizer::pad_id() const { return implementation_->pad; }
int32_t Tokenizer::bos_id() const { return implementation_->bos; }
int32_t Tokenizer::eos_id() const { return implementation_->eos; }
int32_t Tokenizer::unk_id() const { return implementation_->unk; }
const std::string& Tokenizer::fingerprint() const { return implementation_->fingerprint; }

void Tokenizer::save(const std::filesystem::path& file) const {
  write_file_atomically(file, implementation_->model);
}

}  // namespace tandem
