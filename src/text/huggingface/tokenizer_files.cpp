#include "text/huggingface/tokenizer_files.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "io/files/foreign_content.h"
#include "io/files/utf8.h"
#include "tandem/core/error.h"
#include "tandem/core/files.h"
#include "text/huggingface/json_engine.h"
#include "text/huggingface/legacy_files.h"
#include "text/sentencepiece/sentencepiece_engine.h"
#include "text/steps/json_view.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr uint64_t kMaxModelBytes = uint64_t{64} << 20;
constexpr uint64_t kMaxJsonBytes = uint64_t{256} << 20;
constexpr uint64_t kMaxConfigBytes = uint64_t{16} << 20;

constexpr const char* kSpecialNames[] = {"bos_token", "cls_token", "eos_token",
                                         "sep_token", "pad_token", "unk_token"};

/// What lies beside a tokenizer in its directory; an empty object when nothing does.
Json read_config(const fs::path& directory) {
  Json config = Json::object();
  for (const char* name : {"special_tokens_map.json", "tokenizer_config.json"}) {
    const fs::path file = directory / name;
    if (!fs::exists(file)) continue;
    const Json part = parse_tokenizer_json(read_file(file, kMaxConfigBytes), file.string());
    if (part.is_object()) config.update(part);
  }
  return config;
}

/// A token is written as a string or as an object with its content.
std::string token_text(const Json& config, const char* name) {
  const auto found = config.find(name);
  if (found == config.end()) return {};
  if (found->is_string()) return found->get<std::string>();
  return found->is_object() && found->contains("content") && found->at("content").is_string()
             ? found->at("content").get<std::string>()
             : std::string();
}

std::optional<bool> switch_of(const Json& config, const char* name) {
  const auto found = config.find(name);
  if (found == config.end() || !found->is_boolean()) return std::nullopt;
  return found->get<bool>();
}

LegacyConfig legacy_config(const Json& config) {
  return {.lowercase = switch_of(config, "do_lower_case").value_or(true),
          .strip_accents = switch_of(config, "strip_accents"),
          .handle_chinese_chars = switch_of(config, "tokenize_chinese_chars").value_or(true),
          .add_prefix_space = switch_of(config, "add_prefix_space").value_or(false)};
}

/// Adds the member "tandem" to the text of a tokenizer.json, which otherwise stays as it is.
std::string with_own_part(std::string content, const Json& config,
                          const TokenizerLoadOptions& options) {
  Json own = Json::object();
  for (const char* name : kSpecialNames) {
    const std::string token = token_text(config, name);
    if (!token.empty()) own["special_tokens"][name] = token;
  }
  if (options.cleaning != TextCleaning::kAsFile) own["cleaning"] = cleaning_name(options.cleaning);
  const size_t end = content.find_last_of('}');
  // As this function writes it; "tandem" alone may be a word of the vocabulary.
  const bool has_own = content.find("\"tandem\":{") != std::string::npos;
  if (own.empty() || has_own || end == std::string::npos) return content;
  const size_t before = content.find_last_not_of(" \t\r\n", end - 1);
  const bool first = end == 0 || before == std::string::npos || content[before] == '{';
  return content.insert(end, (first ? "\"tandem\":" : ",\"tandem\":") + own.dump());
}

void refuse_foreign(const std::string& content, const std::string& where) {
  if (content.empty())
    throw Error(ErrorKind::kCheckpoint, {.what = "the tokenizer file is empty", .where = where});
  if (const auto foreign = recognize_foreign_content(content)) {
    throw Error(ErrorKind::kCheckpoint, {.what = "is not a tokenizer",
                                         .where = where,
                                         .found = std::string(foreign->name),
                                         .hint = std::string(foreign->hint)});
  }
}

std::string read_text(const fs::path& file) {
  std::string content = read_file(file, kMaxJsonBytes);
  refuse_foreign(content, file.string());
  return content;
}

/// The classes of transformers whose use of a sentencepiece model is known, without "Fast".
constexpr std::pair<std::string_view, SentencePieceScheme> kSentencePieceClasses[] = {
    {"SiglipTokenizer",
     {.adds_bos = false, .cleaning = PieceCleaning::kSiglip, .pads_with_eos = true}},
    {"T5Tokenizer", {.adds_bos = false, .cleaning = PieceCleaning::kNone}},
    {"XLMRobertaTokenizer", {.cleaning = PieceCleaning::kNone, .fairseq = true}},
    {"LlamaTokenizer", {.adds_eos = false, .cleaning = PieceCleaning::kNone}},
    {"GemmaTokenizer", {.adds_eos = false, .cleaning = PieceCleaning::kNone}}};

/// Names that say nothing about the use of a model.
constexpr std::string_view kGeneralClasses[] = {"PreTrainedTokenizer", "TokenizersBackend",
                                                "SentencePieceBackend"};

/// What tokenizer_config.json's class does with a sentencepiece model; nothing without a class.
std::optional<SentencePieceScheme> scheme_of_class(const Json& config, const std::string& where) {
  const std::string given = token_text(config, "tokenizer_class");
  std::string_view name = given;
  if (name.ends_with("Fast")) name.remove_suffix(4);
  if (name.empty() || std::ranges::find(kGeneralClasses, name) != std::end(kGeneralClasses))
    return std::nullopt;
  std::string known;
  for (const auto& [known_name, scheme] : kSentencePieceClasses) {
    if (known_name == name) return scheme;
    known += (known.empty() ? "" : ", ") + std::string(known_name);
  }
  throw Error(ErrorKind::kCheckpoint,
              {.what = "unknown tokenizer_class for a sentencepiece model",
               .where = where,
               .expected = known,
               .found = in_quotes(given),
               .hint = "save the tokenizer with transformers as tokenizer.json"});
}

std::optional<SentencePieceScheme> scheme_of(const std::string& name, const Json& config,
                                             const std::string& where) {
  const auto bos = switch_of(config, "add_bos_token");
  const auto eos = switch_of(config, "add_eos_token");
  auto scheme = scheme_of_class(config, where);
  if (!scheme && name == "sentencepiece.bpe.model")
    scheme = {.cleaning = PieceCleaning::kNone, .fairseq = true};
  if (!scheme && name == "spiece.model")
    scheme = {.adds_bos = false, .cleaning = PieceCleaning::kNone};
  if (!scheme && (bos || eos)) scheme = {.cleaning = PieceCleaning::kNone};
  if (!scheme || scheme->fairseq || scheme->pads_with_eos) {
    const bool lower = switch_of(config, "do_lower_case").value_or(true);
    if (scheme && scheme->pads_with_eos && lower) scheme->cleaning = PieceCleaning::kSiglipLower;
    return scheme;
  }
  scheme->adds_bos = bos.value_or(scheme->adds_bos);
  scheme->adds_eos = eos.value_or(scheme->adds_eos);
  return scheme;
}

std::unique_ptr<TokenizerEngine> load_file(const fs::path& file, const Json& config,
                                           const TokenizerLoadOptions& options) {
  const std::string name = file.filename().string();
  const std::string where = file.string();
  if (name == "vocab.json") {
    const Json vocab = parse_tokenizer_json(read_text(file), where);
    const fs::path merges = file.parent_path() / "merges.txt";
    const Json json =
        byte_level_json(vocab, read_text(merges), legacy_config(config), merges.string());
    return make_json_engine(with_own_part(json.dump(), config, options), where, options.lowercase);
  }
  if (file.extension() == ".json") {
    return make_json_engine(with_own_part(read_text(file), config, options), where,
                            options.lowercase);
  }
  if (file.extension() == ".txt") {
    const Json json = word_piece_json(read_text(file), legacy_config(config), where);
    return make_json_engine(with_own_part(json.dump(), config, options), where, options.lowercase);
  }
  if (options.cleaning != TextCleaning::kAsFile) {
    throw Error(ErrorKind::kUsage,
                {.what = "a sentencepiece model cannot store a text cleaning",
                 .where = where,
                 .expected = "the tokenizer.json that transformers saves for it",
                 .found = std::string("cleaning ") + cleaning_name(options.cleaning)});
  }
  return make_sentencepiece_engine(read_file(file, kMaxModelBytes), where, options.lowercase,
                                   scheme_of(name, config, where));
}

}  // namespace

std::unique_ptr<TokenizerEngine> load_engine(const fs::path& path,
                                             const TokenizerLoadOptions& options) {
  std::error_code unreadable;
  if (!fs::is_directory(path, unreadable)) return load_file(path, Json::object(), options);
  const Json config = read_config(path);
  for (const char* name : {"tokenizer.json", "tokenizer.model", "sentencepiece.bpe.model",
                           "spiece.model", "vocab.json", "vocab.txt"}) {
    if (fs::exists(path / name)) return load_file(path / name, config, options);
  }
  throw Error(
      ErrorKind::kMissingInput,
      {.what = "the folder holds no tokenizer",
       .where = path.string(),
       .expected = "tokenizer.json, tokenizer.model, sentencepiece.bpe.model, spiece.model, "
                   "vocab.json with merges.txt, or vocab.txt"});
}

}  // namespace tandem
