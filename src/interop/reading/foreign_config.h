#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "interop/names/layout.h"
#include "interop/reading/config_object.h"
#include "tandem/config/load.h"
#include "tandem/text/tokenizer.h"

namespace tandem {

/// Somebody else's configuration in our terms.
struct ForeignConfig {
  Layout layout = Layout::kBert;
  std::string family;  ///< For the report.
  ModelConfig config;
  std::vector<std::string> notes = {};     ///< What was decided because the files leave it open.
  std::vector<std::string> warnings = {};  ///< The same, where another decision is as likely.
  TextCleaning cleaning = TextCleaning::kAsFile;  ///< What open_clip does to texts first.
  bool cuts_texts = false;  ///< The file's position table has rows that no text reaches.
};

/// What is known before a configuration is read.
struct ForeignRequest {
  std::set<std::string> names;                              ///< Of all tensors.
  std::map<std::string, std::vector<int64_t>> shapes = {};  ///< Of all tensors.
  int64_t timm_heads = 0;                  ///< Heads of a timm tower whose name is not known.
  std::filesystem::path config_file = {};  ///< The configuration; empty: the one in the directory.
  std::string model_name = {};             ///< open_clip: takes the place of a configuration.
  bool shared_decoder = false;             ///< BLIP: decoder and text tower have equal tensors.
};

/// Returns what `directory`/config.json and its neighbours (processor_config.json,
/// preprocessor_config.json, modules.json) say. The tensors' names tell whether a pooler is there.
/// Throws kMissingInput, and kCheckpoint for an unknown family and for each field that changes
/// numbers in a way that our models cannot.
[[nodiscard]] ForeignConfig read_hugging_face_config(const std::filesystem::path& directory,
                                                     const ForeignRequest& request);

/// The same for `directory`/open_clip_config.json.
[[nodiscard]] ForeignConfig read_open_clip_config(const std::filesystem::path& directory,
                                                  const ForeignRequest& request);

// The towers of Hugging Face's families, also used by open_clip's text towers of theirs.
[[nodiscard]] TextEncoderOptions read_bert_text(ConfigObject config, const std::string& model_type);
[[nodiscard]] ImageEncoderOptions read_vit(ConfigObject config);
[[nodiscard]] TextEncoderOptions read_clip_text(ConfigObject config, int64_t& projection);
[[nodiscard]] ImageEncoderOptions read_clip_vision(ConfigObject config);
[[nodiscard]] TextEncoderOptions read_siglip_text(ConfigObject config, int64_t& projection);
[[nodiscard]] ImageEncoderOptions read_siglip_vision(ConfigObject config);

/// Reads a configuration of BLIP; the names tell which of text tower and decoder are there.
void read_blip(ConfigObject top, const ForeignRequest& request, ForeignConfig& foreign);
/// Whether the tensors are those of a BLIP, and what their shapes say of it: Salesforce's files
/// have no configuration beside them. Heads are 64 wide, as in all its models.
[[nodiscard]] bool is_blip(const ForeignRequest& request);
[[nodiscard]] ForeignConfig read_blip_shapes(const std::filesystem::path& directory,
                                             const ForeignRequest& request);

/// Whether this model_type is one tower of CLIP or SigLIP, and its configuration: with the
/// projection that the weights hold, or the pooled features where they hold none.
[[nodiscard]] bool is_tower_of_pair(const std::string& model_type);
void read_tower_of_pair(ConfigObject config, const std::string& model_type,
                        const ForeignRequest& request, ForeignConfig& foreign);

/// Makes `limit` the longest text where the tower takes longer ones: `who` cuts texts there.
void limit_texts(int64_t limit, const std::string& who, ForeignConfig& foreign);

/// Reads what sentence-transformers writes beside a text tower (modules.json, the pooling's
/// config.json, sentence_bert_config.json) into pool and normalize_embeddings. Returns whether
/// there is any of it. Throws kCheckpoint for a module that changes embeddings in another way.
[[nodiscard]] bool read_sentence_transformers(const std::filesystem::path& directory,
                                              ForeignConfig& foreign);

/// Reads processor_config.json (its image_processor) or else preprocessor_config.json into mean,
/// std and transform. Without both, and for a field that neither has, takes the class's default
/// and adds a warning.
void read_image_processor(const std::filesystem::path& directory, ForeignConfig& foreign);

/// The files that say `config` in another library's words, by file name.
struct ForeignFiles {
  Layout layout = Layout::kBert;
  std::string family;
  std::vector<std::pair<std::string, Json>> files = {};
  std::vector<std::pair<std::string, std::string_view>> scripts = {};  ///< Python beside them.
  std::vector<std::string> notes = {};  ///< For the report, as sentences.
};
/// Takes transformers' own class where it gives the same numbers, else modeling_tandem.py.
[[nodiscard]] ForeignFiles write_hugging_face_config(const ModelConfig& config);
/// Throws kConfig with every field that would have to differ.
[[nodiscard]] ForeignFiles write_open_clip_config(const ModelConfig& config);

[[nodiscard]] Json bert_json(const TextEncoderOptions& text);
[[nodiscard]] const char* bert_type(const TextEncoderOptions& text);

/// Returns the side that images are resized to before the crop in the middle keeps image_size of
/// it: ⌊image_size / crop_pct⌋. Throws kConfig for a crop_pct that is no share.
[[nodiscard]] int64_t resized_side(const ModelConfig& config);

/// Returns the name that transformers gives an activation, and back.
[[nodiscard]] const char* activation_name(Activation activation);
[[nodiscard]] Activation read_activation(ConfigObject& config, std::string_view key,
                                         std::string_view fallback);

}  // namespace tandem
