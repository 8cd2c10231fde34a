#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace tandem {

enum class Activation { kGelu, kGeluTanh, kQuickGelu };
enum class NormOrder { kPost, kPre };
/// How position ids are counted: kRoberta gives the first token pad_id + 1, kAbsolute gives it 0.
enum class PositionStyle { kRoberta, kAbsolute };
/// kEot takes the first token of id eos_id (the last token where there is none), kArgmax the first
/// one of the largest id, which is how CLIP's first weights find their end of text.
enum class TextPool { kMean, kCls, kPooler, kEot, kLast, kMeanAll, kArgmax };
enum class ImagePool { kCls, kMean, kPooler, kMap, kLogits };
/// kNone hands the features on as they are; kShared, for one tower's own projector, takes the
/// model's.
enum class ProjectorKind { kGeluLayerNorm, kLinear, kMlp, kNone, kShared };
/// Which towers a model has. One tower alone embeds, but cannot be trained contrastively.
enum class Towers { kBoth, kText, kImage };
/// What a text decoder has in common with the text tower.
enum class DecoderSharing { kNone, kAllButSelfAttention };

/// The text tower. The defaults are RoBERTa's arrangement at a small size.
/// Liu et al., "RoBERTa", arXiv:1907.11692; with norm_order = kPre, causal = true, pool = kEot it
/// is CLIP's tower.
struct TextEncoderOptions {
  std::string preset =
      {};  ///< Name of a known architecture whose values come first; empty for none.
  int64_t vocab_size = 0;  ///< Rows of the token table; 0 takes the tokenizer's size.
  int64_t context_length =
      64;                 ///< Longest text in tokens, special tokens included; longer ones are cut.
  int64_t width = 128;    ///< Size of a token's state.
  int64_t layers = 2;     ///< Number of transformer blocks.
  int64_t heads = 4;      ///< Attention heads; must divide width.
  int64_t mlp_width = 0;  ///< Hidden size of a block's MLP; 0 takes 4 × width.
  Activation activation = Activation::kGelu;
  NormOrder norm_order = NormOrder::kPost;
  double norm_eps = 1e-5;
  bool causal = false;  ///< Whether a token sees only itself and those before it.
  PositionStyle position_style = PositionStyle::kRoberta;
  int64_t type_vocab_size = 1;  ///< Rows of the token type table; 0 leaves it out.
  bool embedding_norm = true;   ///< LayerNorm after the embeddings.
  bool final_norm = false;      ///< LayerNorm after the last block.
  TextPool pool = TextPool::kMean;
  double dropout = 0.0;            ///< Share of states dropped after embeddings and sublayers.
  double attention_dropout = 0.0;  ///< Share of attention weights dropped.
  int64_t pad_id = 1;
  int64_t bos_id = 0;
  int64_t eos_id = 2;
  bool pad_to_context = false;   ///< Fill every text with pad_id up to context_length; this padding
                                 ///< is attended to and pooled like any token (SigLIP).
  bool cross_attention = false;  ///< Cross attention to an image in every block, used in matching
                                 ///< only, and a head that tells whether text and image match.
  int64_t match_id = -1;  ///< Id that takes the place of a text's first token in matching (BLIP's
                          ///< [ENC]); -1 leaves it.
  double init_std = 0.0;  ///< Standard deviation of initial weights; 0 takes 1/√width.
  std::string pretrained =
      {};  ///< Model directory or safetensors file to start from; empty for random weights.
  bool freeze = false;  ///< Keep the tower's weights as they are.
  int64_t unfreeze_last_layers =
      0;  ///< With freeze: this many last blocks, and what follows them, are trained all the same.
};

/// The image tower. The defaults are ViT's arrangement at a small size.
/// Dosovitskiy et al., "An Image is Worth 16x16 Words", arXiv:2010.11929.
struct ImageEncoderOptions {
  std::string preset =
      {};  ///< Name of a known architecture whose values come first; empty for none.
  int64_t image_size = 32;  ///< Side of the square image in pixels.
  int64_t patch_size = 8;   ///< Side of a patch in pixels; what it leaves over is not seen.
  int64_t width = 128;      ///< Size of a patch's state.
  int64_t layers = 3;       ///< Number of transformer blocks.
  int64_t heads = 4;        ///< Attention heads; must divide width.
  int64_t mlp_width = 0;    ///< Hidden size of a block's MLP; 0 takes 4 × width.
  Activation activation = Activation::kGelu;
  double norm_eps = 1e-6;
  bool patch_bias = true;  ///< Whether the patch embedding has a bias.
  bool class_token =
      true;  ///< A learned token in front of the patches; pools cls, pooler and logits need it.
  bool pre_norm = false;   ///< LayerNorm before the first block (CLIP).
  bool final_norm = true;  ///< LayerNorm after the last block.
  ImagePool pool = ImagePool::kCls;
  int64_t num_classes = 1000;  ///< Outputs of the classifier head; used by pool = logits only.
  double dropout = 0.0;
  double attention_dropout = 0.0;
  double init_std = 0.0;  ///< Standard deviation of initial weights; 0 takes 1/√width.
  std::array<double, 3> mean = {0.48145466, 0.4578275,
                                0.40821073};  ///< Subtracted from RGB in [0, 1].
  std::array<double, 3> std = {0.26862954, 0.26130258, 0.27577711};  ///< Divides what is left.
  std::string pretrained = {};
  bool position_antialias =
      false;  ///< How `pretrained` positions fit another image_size: bicubic with open_clip's
              ///< antialiasing (a = -0.5), or without, as Hugging Face does it (a = -0.75).
  bool freeze = false;
  int64_t unfreeze_last_layers = 0;
};

/// The text decoder, which writes captions: causal self-attention, cross attention to the states of
/// an image, and a head over the vocabulary whose matrix is the token table. Its fields mean what
/// those of TextEncoderOptions mean. Li et al., "BLIP", arXiv:2201.12086.
struct TextDecoderOptions {
  std::string preset =
      {};  ///< Name of a known architecture whose values come first; empty for none.
  int64_t vocab_size = 0;  ///< Rows of the token table; 0 takes the tokenizer's size.
  int64_t context_length = 64;
  int64_t width = 128;
  int64_t layers = 0;  ///< Number of transformer blocks; 0: the model has no decoder.
  int64_t heads = 4;
  int64_t mlp_width = 0;
  Activation activation = Activation::kGelu;  ///< Of the MLPs and of the head.
  NormOrder norm_order = NormOrder::kPost;
  double norm_eps = 1e-5;
  PositionStyle position_style = PositionStyle::kRoberta;
  int64_t type_vocab_size = 1;
  bool embedding_norm = true;
  bool final_norm = false;
  double dropout = 0.0;
  double attention_dropout = 0.0;
  int64_t pad_id = 1;
  int64_t bos_id = -1;  ///< Id that begins a caption (BLIP's [DEC]); -1 takes the tokenizer's.
  int64_t eos_id = 2;
  double init_std = 0.0;
  DecoderSharing share = DecoderSharing::kNone;  ///< What are also the text tower's modules. All
                                                 ///< but self-attention: the text tower needs
                                                 ///< cross_attention and the same shape.
};

struct ProjectorOptions {
  ProjectorKind kind = ProjectorKind::kGeluLayerNorm;
  bool bias = true;  ///< Whether its linear layers have a bias.
  double norm_eps = 1e-5;
};

/// The whole model. Radford et al., "Learning Transferable Visual Models From Natural Language
/// Supervision", arXiv:2103.00020.
struct ModelOptions {
  int64_t embed_dim = 128;  ///< Size of the space that texts and images share.
  TextEncoderOptions text = {};
  ImageEncoderOptions image = {};
  TextDecoderOptions decoder = {};  ///< Reads the image tower's states.
  Towers towers = Towers::kBoth;
  ProjectorOptions projector = {};  ///< Of both towers, except one that has its own:
  ProjectorOptions text_projector = {.kind = ProjectorKind::kShared};
  ProjectorOptions image_projector = {.kind = ProjectorKind::kShared};
  bool normalize_features = false;   ///< Unit norm before the projector.
  bool normalize_embeddings = true;  ///< Unit norm after the projector.
  double logit_scale_init =
      2.6592600369327779;  ///< Natural logarithm of the first inverse temperature: ln(1/0.07).
  double logit_scale_max =
      4.6051701859880918;  ///< Upper clamp of the logarithm: ln 100. The lower one is 0.
  bool learn_logit_scale = true;
  bool logit_bias = false;         ///< A learned number added to every logit (SigLIP).
  double logit_bias_init = -10.0;  ///< Its first value.
  std::string pretrained = {};     ///< Model directory to start from, both towers and projectors;
                                   ///< empty for random weights.
};

/// Return the projector that a tower has: its own, or the model's where its own is kShared.
[[nodiscard]] inline const ProjectorOptions& text_projector_of(const ModelOptions& model) {
  return model.text_projector.kind == ProjectorKind::kShared ? model.projector
                                                             : model.text_projector;
}
[[nodiscard]] inline const ProjectorOptions& image_projector_of(const ModelOptions& model) {
  return model.image_projector.kind == ProjectorKind::kShared ? model.projector
                                                              : model.image_projector;
}

/// Whether a model has a text decoder.
[[nodiscard]] inline bool has_decoder(const ModelOptions& model) {
  return model.decoder.layers > 0;
}

/// Whether a preset of this name exists, for the tower or decoder in question.
[[nodiscard]] bool has_text_preset(const std::string& name);
[[nodiscard]] bool has_image_preset(const std::string& name);
[[nodiscard]] bool has_decoder_preset(const std::string& name);
/// Returns the named architecture. Throws kConfig with the known names for another one.
[[nodiscard]] TextEncoderOptions text_preset(const std::string& name);
[[nodiscard]] ImageEncoderOptions image_preset(const std::string& name);
[[nodiscard]] TextDecoderOptions decoder_preset(const std::string& name);

}  // namespace tandem
