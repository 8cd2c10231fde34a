#include <algorithm>
#include <array>
#include <filesystem>

#include <fmt/format.h>

#include "interop/reading/foreign_config.h"
#include "tandem/core/error.h"
#include "tandem/core/files.h"
#include "tandem/core/json_depth.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxModulesBytes = uint64_t{1} << 20;

// What the modules after the transformer do.
struct Modules {
  fs::path pooling = "1_Pooling";
  bool normalizes = false;
};

Error no_modules(const fs::path& file, const std::string& what, const Json& found) {
  return {ErrorKind::kCheckpoint,
          {.what = what,
           .where = file.string(),
           .expected = "a Transformer, a Pooling, and perhaps a Normalize",
           .found = shown(found)}};
}

std::string text_of(const Json& module, const char* key) {
  const bool there = module.is_object() && module.contains(key) && module[key].is_string();
  return there ? module[key].get<std::string>() : std::string();
}

// modules.json lists classes in the order in which they run: "sentence_transformers.models.Pooling"
// before release 5, other paths to the same class names since.
Modules read_modules(const fs::path& file) {
  Modules modules;
  if (!fs::exists(file)) return modules;
  const std::string text = read_file(file, kMaxModulesBytes);
  check_json_depth(text, file.string(), ErrorKind::kCheckpoint);
  const Json list = Json::parse(text, nullptr, false);
  if (!list.is_array()) throw no_modules(file, "the file holds no list of modules", list);
  for (const Json& module : list) {
    const std::string type = text_of(module, "type");
    const std::string name = type.substr(type.rfind('.') + 1);
    if (name == "Pooling") {
      modules.pooling = text_of(module, "path");
    } else if (name == "Normalize") {
      modules.normalizes = true;
    } else if (name != "Transformer") {
      throw no_modules(file, "a module that this library does not have", module);
    }
  }
  return modules;
}

TextPool read_pool(const fs::path& file) {
  ConfigObject pooling(read_json_object(file), file.string());
  const std::string mode = pooling.text("pooling_mode", "");
  const bool mean = pooling.flag("pooling_mode_mean_tokens", mode == "mean");
  const bool cls = pooling.flag("pooling_mode_cls_token", mode == "cls");
  if (mean == cls) pooling.refuse("pooling_mode_mean_tokens", "either mean or cls pooling");
  pooling.require(std::array{RequiredValue{"pooling_mode_max_tokens", "false"},
                             RequiredValue{"pooling_mode_mean_sqrt_len_tokens", "false"},
                             RequiredValue{"pooling_mode_weightedmean_tokens", "false"},
                             RequiredValue{"pooling_mode_lasttoken", "false"}});
  pooling.allow(std::array<std::string_view, 3>{"word_embedding_dimension", "embedding_dimension",
                                                "include_prompt"});
  pooling.finish();
  return mean ? TextPool::kMean : TextPool::kCls;
}

// Its other fields name classes and outputs of the library.
void read_lengths(const fs::path& file, ForeignConfig& foreign) {
  ConfigObject config(read_json_object(file), file.string());
  limit_texts(config.integer("max_seq_length", 0), "sentence-transformers", foreign);
  if (config.flag("do_lower_case", false)) {
    foreign.warnings.push_back(
        fmt::format("{} says do_lower_case: texts are in lower case here only if the tokenizer "
                    "makes them so",
                    file.string()));
  }
}

}  // namespace

bool read_sentence_transformers(const fs::path& directory, ForeignConfig& foreign) {
  const Modules modules = read_modules(directory / "modules.json");
  const fs::path pooling = directory / modules.pooling / "config.json";
  if (!fs::exists(pooling)) return false;
  ModelOptions& model = foreign.config.model;
  model.text.pool = read_pool(pooling);
  model.normalize_embeddings = modules.normalizes;
  foreign.notes.push_back(fmt::format("{}: pool = {}, unit norm {}",
                                      (modules.pooling / "config.json").string(),
                                      model.text.pool == TextPool::kMean ? "mean" : "cls",
                                      model.normalize_embeddings ? "on" : "off"));
  const fs::path lengths = directory / "sentence_bert_config.json";
  if (fs::exists(lengths)) read_lengths(lengths, foreign);
  return true;
}

}  // namespace tandem
