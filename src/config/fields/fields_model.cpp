#include "config/fields/fields.h"
#include "config/presets/presets.h"

namespace tandem::config {
namespace {

constexpr double kMaxWidth = 65536;
constexpr double kMaxLayers = 1024;
constexpr double kMaxRows = 100'000'000;
constexpr double kMaxEps = 0.1;

Bounds share_below_one() { return {.min = 0, .below = 1}; }
Bounds small_eps() { return {.above = 0, .max = kMaxEps}; }

// Of the text tower and of the text decoder.
template <typename Text>
void add_text_size(Section& text, Text& o, const char* layers, double fewest_layers) {
  text.add("vocab_size", &o.vocab_size, "Rows of the token table; 0 takes the tokenizer's size.",
           between(0, kMaxRows));
  text.add("context_length", &o.context_length,
           "Longest text in tokens, special tokens included; longer ones are cut.",
           between(3, 1'000'000));
  fixed(text.add("width", &o.width, "Size of a token's state.", between(1, kMaxWidth)));
  fixed(text.add("layers", &o.layers, layers, between(fewest_layers, kMaxLayers)));
  reported(
      text.add("heads", &o.heads, "Attention heads; must divide width.", between(1, kMaxWidth)));
  text.add("mlp_width", &o.mlp_width, "Hidden size of a block's MLP; 0 takes 4 × width.",
           between(0, 16 * kMaxWidth));
  reported(text.add(
      "activation", choice(&o.activation, kActivations),
      "Activation of the MLPs: GELU exact, by tanh, or x · sigmoid(1.702 x) (OpenAI's CLIP)."));
  reported(text.add("norm_order", choice(&o.norm_order, kNormOrders),
                    "LayerNorm after (RoBERTa) or before (CLIP) each sublayer."));
  reported(text.add("norm_eps", &o.norm_eps, "Added to the variance in LayerNorm.", small_eps()));
}

template <typename Text>
void add_text_tables(Section& text, Text& o) {
  reported(text.add("position_style", choice(&o.position_style, kPositionStyles),
                    "Position of the first token: pad_id + 1 (roberta) or 0 (absolute)."));
  fixed(text.add("type_vocab_size", &o.type_vocab_size,
                 "Rows of the token type table; 0 leaves it out.", between(0, 1024)));
  fixed(text.add("embedding_norm", &o.embedding_norm, "LayerNorm after the embeddings."));
  fixed(text.add("final_norm", &o.final_norm, "LayerNorm after the last block."));
}

template <typename Text>
void add_text_ids(Section& text, Text& o) {
  text.add("dropout", &o.dropout, "Share of states dropped after embeddings and sublayers.",
           share_below_one());
  text.add("attention_dropout", &o.attention_dropout, "Share of attention weights dropped.",
           share_below_one());
  text.add("pad_id", &o.pad_id, "Id of the padding token; -1 for none.", between(-1, kMaxRows));
  text.add("bos_id", &o.bos_id, "Id of the token that begins a text; -1 for none.",
           between(-1, kMaxRows));
  text.add("eos_id", &o.eos_id, "Id of the token that ends a text; -1 for none.",
           between(-1, kMaxRows));
}

void add_text_fields(Section& text, TextEncoderOptions& o) {
  text.add_name("preset", &o.preset,
                "Known architecture whose values come first; other keys override them.",
                text_preset_names());
  add_text_size(text, o, "Number of transformer blocks.", 1);
  reported(text.add("causal", &o.causal, "Whether a token sees only itself and those before it."));
  add_text_tables(text, o);
  reported(text.add(
      "pool", choice(&o.pool, kTextPools),
      "How the text's features are made: mean over real tokens, first token, first token through a "
      "tanh layer, end-of-text token, last token, the plain mean over all context_length "
      "positions, or the token of the largest id (CLIP's first weights)."));
  add_text_ids(text, o);
  reported(
      text.add("pad_to_context", &o.pad_to_context,
               "Fill every text with pad_id up to context_length, and attend to it (SigLIP)."));
  text.add("cross_attention", &o.cross_attention,
           "Cross attention to an image in every block, used in matching only, and a head that "
           "tells whether text and image match (BLIP).");
  text.add("match_id", &o.match_id,
           "Id that takes the place of a text's first token in matching (BLIP's [ENC]); -1 leaves "
           "it.",
           between(-1, kMaxRows));
  text.add("init_std", &o.init_std, "Standard deviation of initial weights; 0 takes 1/√width.",
           between(0, 10));
  text.add_path(
      "pretrained", &o.pretrained,
      "Model directory, run, checkpoint or safetensors file that the tower starts from, with its "
      "configuration; empty for random weights.");
  text.add("freeze", &o.freeze, "Keep the tower's weights as they are.");
  text.add("unfreeze_last_layers", &o.unfreeze_last_layers,
           "With freeze: this many last blocks, and what follows them, are trained all the same.",
           between(0, kMaxLayers));
}

void add_decoder_fields(Section& decoder, TextDecoderOptions& o) {
  decoder.add_name("preset", &o.preset,
                   "Known architecture whose values come first; other keys override them.",
                   decoder_preset_names());
  add_text_size(decoder, o, "Number of transformer blocks; 0: the model has no decoder.", 0);
  add_text_tables(decoder, o);
  add_text_ids(decoder, o);
  decoder.add("init_std", &o.init_std, "Standard deviation of initial weights; 0 takes 1/√width.",
              between(0, 10));
  fixed(decoder.add("share", choice(&o.share, kDecoderSharings),
                    "What are also the text tower's modules: nothing, or all but self-attention "
                    "(BLIP), which needs model.text.cross_attention and the same shape."));
}

void add_image_shape(Section& image, ImageEncoderOptions& o) {
  image.add_name("preset", &o.preset,
                 "Known architecture whose values come first; other keys override them.",
                 image_preset_names());
  image.add("image_size", &o.image_size, "Side of the square image in pixels.", between(1, 16384));
  fixed(image.add("patch_size", &o.patch_size,
                  "Side of a patch in pixels; what it leaves over of image_size is not seen.",
                  between(1, 16384)));
  fixed(image.add("width", &o.width, "Size of a patch's state.", between(1, kMaxWidth)));
  fixed(image.add("layers", &o.layers, "Number of transformer blocks.", between(1, kMaxLayers)));
  reported(
      image.add("heads", &o.heads, "Attention heads; must divide width.", between(1, kMaxWidth)));
  image.add("mlp_width", &o.mlp_width, "Hidden size of a block's MLP; 0 takes 4 × width.",
            between(0, 16 * kMaxWidth));
  reported(image.add("activation", choice(&o.activation, kActivations), "Activation of the MLPs."));
  reported(image.add("norm_eps", &o.norm_eps, "Added to the variance in LayerNorm.", small_eps()));
  fixed(image.add("patch_bias", &o.patch_bias, "Whether the patch embedding has a bias."));
  fixed(
      image.add("class_token", &o.class_token,
                "A learned token in front of the patches; pools cls, pooler and logits need it."));
  fixed(image.add("pre_norm", &o.pre_norm, "LayerNorm before the first block (CLIP)."));
  fixed(image.add("final_norm", &o.final_norm, "LayerNorm after the last block."));
  reported(image.add(
      "pool", choice(&o.pool, kImagePools),
      "How the image features are made: class token, mean over patches, class token through a "
      "tanh layer, attention by a learned probe (SigLIP), or the outputs of a classifier "
      "head."));
  image.add("num_classes", &o.num_classes,
            "Outputs of the classifier head; used by pool = logits only.", between(1, 1'000'000));
}

void add_image_rest(Section& image, ImageEncoderOptions& o) {
  image.add("dropout", &o.dropout, "Share of states dropped after embeddings and sublayers.",
            share_below_one());
  image.add("attention_dropout", &o.attention_dropout, "Share of attention weights dropped.",
            share_below_one());
  image.add("init_std", &o.init_std, "Standard deviation of initial weights; 0 takes 1/√width.",
            between(0, 10));
  reported(
      image.add("mean", &o.mean, "Subtracted from red, green and blue in [0, 1].", between(0, 1)));
  reported(image.add("std", &o.std, "Divides what is left of red, green and blue.",
                     {.above = 0, .max = 10}));
  image.add_path(
      "pretrained", &o.pretrained,
      "Model directory, run, checkpoint or safetensors file that the tower starts from, with its "
      "configuration; empty for random weights.");
  image.add("position_antialias", &o.position_antialias,
            "How pretrained positions fit another image_size: bicubic with antialiasing "
            "(open_clip), or without (Hugging Face).");
  image.add("freeze", &o.freeze, "Keep the tower's weights as they are.");
  image.add("unfreeze_last_layers", &o.unfreeze_last_layers,
            "With freeze: this many last blocks, and what follows them, are trained all the same.",
            between(0, kMaxLayers));
}

void add_projector(FieldTable& table, const SectionInfo& section, ProjectorOptions& o) {
  Section projector(table, section);
  fixed(projector.add(
      "kind", choice(&o.kind, kProjectorKinds),
      "Linear → GELU → LayerNorm, one linear layer, a multi-layer perceptron, none (the "
      "features are the embedding), or, for one tower, shared: as model.projector says."));
  fixed(projector.add("bias", &o.bias, "Whether its linear layers have a bias."));
  reported(projector.add("norm_eps", &o.norm_eps, "Added to the variance in its LayerNorm.",
                         small_eps()));
}

}  // namespace

void add_model_fields(FieldTable& table, ModelOptions& o) {
  Section model(table, {.path = "model",
                        .doc = "The whole model: two towers, two projectors, a temperature.",
                        .on_resume = OnResume::kFixed});
  fixed(model.add("embed_dim", &o.embed_dim, "Size of the space that texts and images share.",
                  between(1, kMaxWidth)));
  fixed(model.add("towers", choice(&o.towers, kTowers),
                  "Which towers the model has; training needs both."));
  Section text(table, {.path = "model.text",
                       .doc = "The text tower, a transformer.",
                       .on_resume = OnResume::kFixed});
  add_text_fields(text, o.text);
  Section image(table, {.path = "model.image",
                        .doc = "The image tower, a vision transformer.",
                        .on_resume = OnResume::kFixed});
  add_image_shape(image, o.image);
  add_image_rest(image, o.image);
  Section decoder(table,
                  {.path = "model.decoder",
                   .doc = "The text decoder, which writes captions from the image tower's states.",
                   .on_resume = OnResume::kFixed});
  add_decoder_fields(decoder, o.decoder);
  add_projector(table,
                {.path = "model.projector",
                 .doc = "From a tower's features to the shared space; one for each tower.",
                 .on_resume = OnResume::kFixed},
                o.projector);
  add_projector(table,
                {.path = "model.text_projector",
                 .doc = "The text tower's projector, if it differs from the image tower's.",
                 .on_resume = OnResume::kFixed},
                o.text_projector);
  add_projector(table,
                {.path = "model.image_projector",
                 .doc = "The image tower's projector, where it is another one than the text's.",
                 .on_resume = OnResume::kFixed},
                o.image_projector);
  reported(
      model.add("normalize_features", &o.normalize_features, "Unit norm before the projector."));
  reported(
      model.add("normalize_embeddings", &o.normalize_embeddings, "Unit norm after the projector."));
  model.add("logit_scale_init", &o.logit_scale_init,
            "Natural logarithm of the first inverse temperature; ln(1/0.07) by default.",
            between(0, 20));
  model.add("logit_scale_max", &o.logit_scale_max,
            "Upper clamp of that logarithm, ln 100 by default. The lower one is 0.",
            between(0, 20));
  model.add("learn_logit_scale", &o.learn_logit_scale, "Whether the temperature is trained.");
  fixed(model.add("logit_bias", &o.logit_bias,
                  "Whether a learned number is added to every logit (SigLIP)."));
  model.add("logit_bias_init", &o.logit_bias_init, "First value of that number.",
            between(-1000, 1000));
  model.add_path(
      "pretrained", &o.pretrained,
      "Model directory, run, checkpoint or safetensors file that the whole model starts from, with "
      "its configuration; empty for random weights.");
}

}  // namespace tandem::config
