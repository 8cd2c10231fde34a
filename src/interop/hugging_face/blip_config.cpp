#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "config/presets/presets.h"
#include "interop/hugging_face/hugging_face_fields.h"
#include "interop/reading/foreign_config.h"
#include "tandem/core/error.h"

namespace tandem {
namespace {

bool has_part(const ForeignRequest& request, std::string_view prefix) {
  return std::ranges::any_of(request.names,
                             [&](const auto& name) { return name.starts_with(prefix); });
}

template <typename Options>
void read_blocks_of_blip(ConfigObject& config, int64_t heads, double eps, Options& options) {
  options.width = config.integer("hidden_size", 768);
  options.mlp_width = config.integer("intermediate_size", 3072);
  options.layers = config.integer("num_hidden_layers", 12);
  options.heads = config.integer("num_attention_heads", heads);
  options.norm_eps = config.number("layer_norm_eps", eps);
  options.activation = read_activation(config, "hidden_act", "gelu");
  options.init_std = 0.02;
}

// transformers marks every text model of BLIP as a decoder: that is how its blocks get cross
// attention.
ConfigObject without_decoder_mark(ConfigObject& top) {
  Json text = top.raw("text_config");
  const std::string where = top.where() + ": text_config";
  if (!text.is_object()) text = Json::object();
  if (text.contains("is_decoder") && text["is_decoder"] != true)
    ConfigObject(text, where).refuse("is_decoder", "true");
  text.erase("is_decoder");
  return {std::move(text), where};
}

TextEncoderOptions read_blip_text(ConfigObject config, int64_t image_width, int64_t& dec_id) {
  TextEncoderOptions text;
  text.position_style = PositionStyle::kAbsolute;
  text.type_vocab_size = 0;
  text.pool = TextPool::kCls;
  text.cross_attention = true;
  read_blocks_of_blip(config, 8, 1e-12, text);
  text.vocab_size = config.integer("vocab_size", 30524);
  text.context_length = config.integer("max_position_embeddings", 512);
  text.dropout = config.number("hidden_dropout_prob", 0.0);
  text.attention_dropout = config.number("attention_probs_dropout_prob", 0.0);
  if (config.integer("encoder_hidden_size", image_width) != image_width)
    config.refuse("encoder_hidden_size", fmt::format("the image's {}", image_width));
  dec_id = config.integer("bos_token_id", 30522);
  text.pad_id = config.integer("pad_token_id", 0);
  // What ends a text is called a separator here; eos_token_id is read by no code.
  text.eos_id = config.integer("sep_token_id", 102);
  const int64_t cls_id = text.eos_id - 1;  // BERT's vocabulary has them one after the other.
  text.bos_id = cls_id > text.pad_id ? cls_id : text.pad_id + 1;
  text.match_id = dec_id + 1 < text.vocab_size ? dec_id + 1 : -1;
  (void)config.integer("eos_token_id", 0);
  (void)config.integer("projection_dim", 0);
  (void)config.number("label_smoothing", 0.0);
  finish_hugging_face(config);
  return text;
}

ImageEncoderOptions read_blip_vision(ConfigObject config) {
  ImageEncoderOptions image;
  image.image_size = config.side("image_size", 384);
  image.patch_size = config.side("patch_size", 16);
  read_blocks_of_blip(config, 12, 1e-5, image);
  image.attention_dropout = config.number("attention_dropout", 0.0);
  (void)config.integer("projection_dim", 0);
  finish_hugging_face(config);
  return image;
}

}  // namespace

void read_blip(ConfigObject top, const ForeignRequest& request, ForeignConfig& foreign) {
  ModelOptions& model = foreign.config.model;
  foreign.layout = Layout::kBlip;
  model.image = read_blip_vision(top.object("vision_config"));
  int64_t dec_id = 0;
  const TextEncoderOptions text =
      read_blip_text(without_decoder_mark(top), model.image.width, dec_id);
  const int64_t embed_dim = top.integer("image_text_hidden_size", 256);
  model.logit_scale_init = top.number("logit_scale_init_value", 2.6592);
  (void)top.integer("projection_dim", 0);
  (void)top.number("label_smoothing", 0.0);
  finish_hugging_face(top);
  const bool matches = has_part(request, "text_encoder.");
  const bool writes = has_part(request, "text_decoder.");
  if (matches && !has_part(request, "itm_head.")) {
    throw Error(ErrorKind::kCheckpoint,
                {.what = "this BLIP has a text tower without the heads that match and embed",
                 .where = top.where(),
                 .expected = "a model for captioning or retrieval, or a pre-trained one"});
  }
  foreign.family = fmt::format("Hugging Face BLIP ({})", matches && writes ? "retrieval, captioning"
                                                         : matches         ? "retrieval"
                                                                           : "captioning");
  if (writes) {
    model.decoder = config::decoder_beside(text);
    model.decoder.bos_id = dec_id;
  }
  if (matches) {
    model.text = text;
    model.embed_dim = embed_dim;
    model.projector = {.kind = ProjectorKind::kLinear, .bias = true};
    if (writes && request.shared_decoder)
      model.decoder.share = DecoderSharing::kAllButSelfAttention;
  } else {
    model.towers = Towers::kImage;
    model.embed_dim = model.image.width;
    model.projector.kind = ProjectorKind::kNone;
    model.normalize_embeddings = false;
  }
}

namespace {

constexpr std::string_view kBlipPatches = "vision_model.embeddings.patch_embedding.weight";
constexpr int64_t kBlipHeadWidth = 64;

// The size of a tensor along one of its dimensions; 0 where it is not there.
int64_t size_of(const ForeignRequest& request, const std::string& name, size_t dimension) {
  const auto found = request.shapes.find(name);
  const bool there = found != request.shapes.end() && dimension < found->second.size();
  return there ? found->second[dimension] : 0;
}

int64_t count_layers(const ForeignRequest& request, const std::string& prefix,
                     const std::string& ending) {
  int64_t count = 0;
  while (request.names.contains(fmt::format("{}{}{}", prefix, count, ending))) ++count;
  return count;
}

Json blip_vision_shapes(const ForeignRequest& request) {
  const std::string patches(kBlipPatches);
  const int64_t width = size_of(request, patches, 0), patch = size_of(request, patches, 3);
  const int64_t rows = size_of(request, "vision_model.embeddings.position_embedding", 1);
  int64_t side = 0;
  while ((side + 1) * (side + 1) < rows) ++side;
  const std::string layers = "vision_model.encoder.layers.";
  return {{"hidden_size", width},
          {"num_attention_heads", std::max<int64_t>(width / kBlipHeadWidth, 1)},
          {"num_hidden_layers", count_layers(request, layers, ".mlp.fc1.weight")},
          {"intermediate_size", size_of(request, layers + "0.mlp.fc1.weight", 0)},
          {"image_size", side * patch},
          {"patch_size", patch},
          {"layer_norm_eps", 1e-6}};
}

Json blip_text_shapes(const ForeignRequest& request) {
  const bool writes = has_part(request, "text_decoder.");
  const std::string prefix = writes ? "text_decoder.bert." : "text_encoder.";
  const std::string tables = prefix + "embeddings.", layers = prefix + "encoder.layer.";
  const std::string words = tables + "word_embeddings.weight";
  const std::string hidden = ".intermediate.dense.weight";
  const int64_t width = size_of(request, words, 1);
  const int64_t vocab_size = size_of(request, words, 0);
  return {{"hidden_size", width},
          {"num_attention_heads", std::max<int64_t>(width / kBlipHeadWidth, 1)},
          {"num_hidden_layers", count_layers(request, layers, hidden)},
          {"intermediate_size", size_of(request, layers + "0" + hidden, 0)},
          {"vocab_size", vocab_size},
          {"max_position_embeddings", size_of(request, tables + "position_embeddings.weight", 0)},
          {"bos_token_id", vocab_size - 2},  // [DEC], before [ENC]
          {"hidden_dropout_prob", 0.1},
          {"attention_probs_dropout_prob", 0.1}};
}

}  // namespace

bool is_blip(const ForeignRequest& request) {
  return request.names.contains(std::string(kBlipPatches)) &&
         (has_part(request, "text_decoder.bert.") ||
          request.names.contains("text_encoder.embeddings.word_embeddings.weight"));
}

ForeignConfig read_blip_shapes(const std::filesystem::path& directory,
                               const ForeignRequest& request) {
  Json top;
  top["vision_config"] = blip_vision_shapes(request);
  top["text_config"] = blip_text_shapes(request);
  const int64_t embed_dim = size_of(request, "text_proj.weight", 0);
  if (embed_dim > 0) top["image_text_hidden_size"] = embed_dim;
  ForeignConfig foreign;
  read_blip(ConfigObject(std::move(top), directory.string()), request, foreign);
  foreign.family = "Salesforce" + foreign.family.substr(foreign.family.find(" BLIP"));
  foreign.notes.emplace_back(
      "no config.json: sizes are read off the weights, heads are 64 wide, norms as Salesforce's");
  read_image_processor(directory, foreign);
  return foreign;
}

}  // namespace tandem
