#include <fmt/format.h>

#include "interop/hugging_face/hugging_face_fields.h"
#include "interop/reading/foreign_config.h"

namespace tandem {
namespace {

struct ActivationName {
  std::string_view name;
  Activation activation;
};
// The first name of an activation is the one that is written.
constexpr ActivationName kActivationNames[] = {
    {"gelu", Activation::kGelu},
    {"gelu_pytorch_tanh", Activation::kGeluTanh},
    {"quick_gelu", Activation::kQuickGelu},
    {"gelu_python", Activation::kGelu},
    {"gelu_new", Activation::kGeluTanh},
    {"gelu_fast", Activation::kGeluTanh},
    {"gelu_accurate", Activation::kGeluTanh},
    {"gelu_python_tanh", Activation::kGeluTanh},
};

int64_t id_below(int64_t id, int64_t vocab_size, int64_t otherwise) {
  return id >= 0 && id < vocab_size ? id : otherwise;
}

struct Defaults {
  int64_t width, mlp_width, layers, heads;
  double eps;
  std::string_view activation;
};

template <typename Options>
void read_blocks(ConfigObject& config, const Defaults& defaults, Options& options) {
  options.width = config.integer("hidden_size", defaults.width);
  options.mlp_width = config.integer("intermediate_size", defaults.mlp_width);
  options.layers = config.integer("num_hidden_layers", defaults.layers);
  options.heads = config.integer("num_attention_heads", defaults.heads);
  options.norm_eps = config.number("layer_norm_eps", defaults.eps);
  options.activation = read_activation(config, "hidden_act", defaults.activation);
  options.init_std = 0.02;
}

void read_image(ConfigObject& config, int64_t patch_size, ImageEncoderOptions& image) {
  image.image_size = config.side("image_size", 224);
  image.patch_size = config.side("patch_size", patch_size);
  image.final_norm = true;
}

// The arrangement of CLIP's text tower, which SigLIP shares.
TextEncoderOptions clip_like_text() {
  return {.norm_order = NormOrder::kPre,
          .position_style = PositionStyle::kAbsolute,
          .type_vocab_size = 0,
          .embedding_norm = false,
          .final_norm = true};
}

}  // namespace

const char* activation_name(Activation activation) {
  for (const ActivationName& each : kActivationNames) {
    if (each.activation == activation) return each.name.data();
  }
  return "";
}

Activation read_activation(ConfigObject& config, std::string_view key, std::string_view fallback) {
  const std::string name = config.text(key, fallback);
  for (const ActivationName& each : kActivationNames) {
    if (each.name == name) return each.activation;
  }
  config.refuse(key, "gelu, gelu_pytorch_tanh or quick_gelu");
}

void limit_texts(int64_t limit, const std::string& who, ForeignConfig& foreign) {
  int64_t& length = foreign.config.model.text.context_length;
  if (limit < 1 || limit >= length) return;
  foreign.notes.push_back(
      fmt::format("{} cuts texts to {} tokens, of {} that the tower takes", who, limit, length));
  length = limit;
  foreign.cuts_texts = true;
}

TextEncoderOptions read_bert_text(ConfigObject config, const std::string& model_type) {
  const bool bert = model_type == "bert";
  TextEncoderOptions text;
  text.position_style = bert ? PositionStyle::kAbsolute : PositionStyle::kRoberta;
  text.vocab_size = config.integer("vocab_size", model_type == "roberta" ? 50265 : 30522);
  read_blocks(config, {768, 3072, 12, 12, 1e-12, "gelu"}, text);
  text.dropout = config.number("hidden_dropout_prob", 0.1);
  text.attention_dropout = config.number("attention_probs_dropout_prob", 0.1);
  text.type_vocab_size = config.integer("type_vocab_size", 2);
  text.pad_id = config.integer("pad_token_id", bert ? 0 : 1);
  const int64_t rows = config.integer("max_position_embeddings", 512);
  text.context_length = bert ? rows : rows - text.pad_id - 1;
  // BERT's configuration does not name these; bert-base-uncased's are 101 and 102.
  const int64_t bos = config.integer("bos_token_id", bert ? 101 : 0);
  const int64_t eos = config.integer("eos_token_id", bert ? 102 : 2);
  text.bos_id = id_below(bos, text.vocab_size, text.pad_id + 1);
  text.eos_id = id_below(eos, text.vocab_size, text.pad_id + 2);
  finish_hugging_face(config);
  return text;
}

ImageEncoderOptions read_vit(ConfigObject config) {
  ImageEncoderOptions image;
  read_image(config, 16, image);
  read_blocks(config, {768, 3072, 12, 12, 1e-12, "gelu"}, image);
  image.dropout = config.number("hidden_dropout_prob", 0.0);
  image.attention_dropout = config.number("attention_probs_dropout_prob", 0.0);
  if (config.integer("pooler_output_size", image.width) != image.width)
    config.refuse("pooler_output_size", std::to_string(image.width));
  image.mean = image.std = {0.5, 0.5, 0.5};
  finish_hugging_face(config);
  return image;
}

TextEncoderOptions read_clip_text(ConfigObject config, int64_t& projection) {
  TextEncoderOptions text = clip_like_text();
  text.vocab_size = config.integer("vocab_size", 49408);
  read_blocks(config, {512, 2048, 12, 8, 1e-5, "quick_gelu"}, text);
  text.attention_dropout = config.number("attention_dropout", 0.0);
  text.context_length = config.integer("max_position_embeddings", 77);
  text.causal = true;
  const int64_t eos = config.integer("eos_token_id", 49407);
  const int64_t bos = config.integer("bos_token_id", 49406);
  const int64_t pad = config.integer("pad_token_id", 1);
  projection = config.integer("projection_dim", 512);
  // Configurations with eos_token_id = 2 are older than the field's meaning: their models take the
  // largest id, and the vocabulary's last two entries are its bos and eos.
  text.pool = eos == 2 ? TextPool::kArgmax : TextPool::kEot;
  text.eos_id =
      eos == 2 ? text.vocab_size - 1 : id_below(eos, text.vocab_size, text.vocab_size - 1);
  text.bos_id =
      eos == 2 ? text.vocab_size - 2 : id_below(bos, text.vocab_size, text.vocab_size - 2);
  text.pad_id = id_below(pad, text.vocab_size, 0);
  finish_hugging_face(config);
  return text;
}

ImageEncoderOptions read_clip_vision(ConfigObject config) {
  ImageEncoderOptions image;
  read_image(config, 32, image);
  read_blocks(config, {768, 3072, 12, 12, 1e-5, "quick_gelu"}, image);
  image.attention_dropout = config.number("attention_dropout", 0.0);
  (void)config.integer("projection_dim", 0);  // the whole model's one counts
  image.patch_bias = false;
  image.pre_norm = true;
  finish_hugging_face(config);
  return image;
}

TextEncoderOptions read_siglip_text(ConfigObject config, int64_t& projection) {
  TextEncoderOptions text = clip_like_text();
  text.vocab_size = config.integer("vocab_size", 32000);
  read_blocks(config, {768, 3072, 12, 12, 1e-6, "gelu_pytorch_tanh"}, text);
  text.attention_dropout = config.number("attention_dropout", 0.0);
  text.context_length = config.integer("max_position_embeddings", 64);
  text.pool = TextPool::kLast;
  text.pad_to_context = true;
  text.pad_id = id_below(config.integer("pad_token_id", 1), text.vocab_size, 0);
  // SigLIP's configurations carry CLIP's ids, which its vocabulary does not have: </s> is its
  // padding too.
  text.bos_id = id_below(config.integer("bos_token_id", 49406), text.vocab_size, text.pad_id);
  text.eos_id = id_below(config.integer("eos_token_id", 49407), text.vocab_size, text.pad_id);
  projection = config.integer("projection_size", text.width);
  finish_hugging_face(config);
  return text;
}

ImageEncoderOptions read_siglip_vision(ConfigObject config) {
  ImageEncoderOptions image;
  read_image(config, 16, image);
  read_blocks(config, {768, 3072, 12, 12, 1e-6, "gelu_pytorch_tanh"}, image);
  image.attention_dropout = config.number("attention_dropout", 0.0);
  image.class_token = false;
  image.pool = ImagePool::kMap;
  image.mean = image.std = {0.5, 0.5, 0.5};
  finish_hugging_face(config);
  return image;
}

}  // namespace tandem
