#pragma once

#include <filesystem>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <torch/types.h>

#include "tandem/config/load.h"
#include "tandem/core/error.h"
#include "tandem/image/image.h"
#include "tandem/inference/caption.h"
#include "tandem/model/clip_model.h"
#include "tandem/model/golden_sample.h"
#include "tandem/text/tokenizer.h"

namespace tandem {

/// What a call sets of the model's image transform; what is left empty stays the model's.
struct ImageInputOptions {
  std::string background = {};  ///< As ImageTransformOptions::background.
  std::optional<ExifOrientation> exif = {};
  std::optional<int64_t> max_image_pixels = {};
};

struct PipelineOptions {
  std::string device = "auto";  ///< auto, cpu, cuda or cuda:N.
  /// fp32, bf16, or int8: the products of the transformers' blocks in 8 bits (CPU only). One that
  /// is slower than fp32 on this CPU is logged as a warning.
  std::string precision = "fp32";
  int64_t batch_size = 64;  ///< Images or texts per forward pass.
  ImageInputOptions images = {};
};

/// How a model's logits become scores: it was trained with one of the two.
enum class ScoreKind { kSoftmax, kSigmoid };

/// What could be made of a list of images or texts of which some may be unusable.
struct PartialEmbeddings {
  torch::Tensor embeddings;  ///< [N, embed_dim], fp32 on the CPU; zeros for unusable items.
  std::vector<std::optional<Error>> errors;  ///< N: why an item is unusable, or nothing.
};

/// How images and texts match, of which some images may be invalid.
struct PartialMatches {
  std::vector<torch::Tensor> logits;  ///< N: of image i with each of its texts, [texts], fp32
                                      ///< on the CPU; zeros for invalid images.
  std::vector<std::optional<Error>> errors;  ///< N: why an image is invalid, or nothing.
};

/// How far a model is from the golden sample of its directory (golden_sample.h).
struct GoldenCheck {
  GoldenDifference difference = {};
  double tolerance = 0.0;  ///< Of the pipeline's precision.
  bool same_ids = true;    ///< Whether the tokenizer gives the sample's ids for its text.
  [[nodiscard]] bool passes() const {
    return same_ids && difference.image <= tolerance && difference.text <= tolerance;
  }
};

/// A model directory ready for use. Copies share the model. All const methods are thread-safe.
class Pipeline {
 public:
  /// Reads a model directory. Throws kMissingInput, kCheckpoint (also when the tokenizer and the
  /// model disagree about the vocabulary), kDevice (also for int8 where there are no 8-bit
  /// products), kConfig for a background that is no colour, and kUsage for other options out of
  /// range. A model of images alone, and one that was converted without a tokenizer, load without
  /// one.
  [[nodiscard]] static Pipeline load(const std::filesystem::path& directory,
                                     const PipelineOptions& options = {});
  /// A view on a model in training: shares its weights, puts it into evaluation mode while encoding
  /// and back afterwards. Calls on one such view wait for each other; training has to wait for
  /// them.
  [[nodiscard]] static Pipeline from_model(ClipModel model,
                                           std::shared_ptr<const Tokenizer> tokenizer,
                                           ModelConfig config, int64_t batch_size);

  /// Return embeddings [N, embed_dim], fp32 on the CPU, in the order given; of unit norm unless the
  /// model has normalize_embeddings off. Images are decoded by several threads. Throw kData and
  /// kMissingInput for the first unusable image, kUsage for an empty list and for a model without
  /// the tower or the tokenizer that it takes.
  [[nodiscard]] torch::Tensor encode_images(const std::vector<std::filesystem::path>& files) const;
  [[nodiscard]] torch::Tensor encode_images(const std::vector<Image>& images) const;
  /// For a list written out, encode_images({"cat.jpg", "dog.jpg"}), which might be any vector.
  [[nodiscard]] torch::Tensor encode_images(
      std::initializer_list<std::filesystem::path> files) const {
    return encode_images(std::vector<std::filesystem::path>(files));
  }
  /// The same for files in memory: each the bytes of a JPEG, PNG, WebP or BMP file.
  [[nodiscard]] torch::Tensor encode_image_bytes(const std::vector<std::string_view>& files) const;
  [[nodiscard]] torch::Tensor encode_texts(const std::vector<std::string>& texts) const;
  /// The same for texts that are ids already, special tokens included, each of at least one id and
  /// at most context_length. Throws kUsage for other lengths and for an id outside of the model's
  /// vocabulary.
  [[nodiscard]] torch::Tensor encode_ids(const std::vector<std::vector<int32_t>>& texts) const;
  /// Embeds the `count` images that `load` returns by number; `load` is called from several
  /// threads at once, and at most one image per thread is held in full size. An image whose
  /// `load` throws Error is unusable; the others are not affected. Throws kUsage for no image and
  /// for a model without an image tower.
  [[nodiscard]] PartialEmbeddings try_encode_images(
      int64_t count, const std::function<Image(int64_t)>& load) const;
  [[nodiscard]] PartialEmbeddings try_encode_images(
      const std::vector<std::filesystem::path>& files) const;
  [[nodiscard]] PartialEmbeddings try_encode_image_bytes(
      const std::vector<std::string_view>& files) const;
  /// Embeds the texts; one that the tokenizer refuses does not affect the others. Throws kUsage for
  /// an empty list and for a model without a text tower or a tokenizer.
  [[nodiscard]] PartialEmbeddings try_encode_texts(const std::vector<std::string>& texts) const;

  /// Return a caption for each image, in the order given. A caption depends on its image and the
  /// options only; where they draw, also on its number, `first_image` + its place in the list.
  /// Throw as encode_images, kUsage for a model without a decoder or a tokenizer, and as generate.
  [[nodiscard]] std::vector<Caption> caption_images(const std::vector<std::filesystem::path>& files,
                                                    const CaptionOptions& options = {}) const;
  [[nodiscard]] PartialCaptions try_caption_images(const std::vector<std::filesystem::path>& files,
                                                   const CaptionOptions& options = {},
                                                   int64_t first_image = 0) const;
  /// The same for the `count` images that `load` returns by number, as try_encode_images.
  [[nodiscard]] PartialCaptions try_caption_images(int64_t count,
                                                   const std::function<Image(int64_t)>& load,
                                                   const CaptionOptions& options = {},
                                                   int64_t first_image = 0) const;

  /// Returns how likely text i belongs to image i, [N], fp32 in [0, 1]: the softmax of the matching
  /// head, which looks at both together and is slower and more exact than the similarity of
  /// embeddings. Not calibrated: a model sees one match among three pairs in training. Throws as
  /// encode_images, and kUsage for lists of different lengths and for a model without
  /// text.cross_attention.
  [[nodiscard]] torch::Tensor match(const std::vector<std::filesystem::path>& files,
                                    const std::vector<std::string>& texts) const;
  /// The same for the `count` images that `load` returns by number, as try_encode_images, and any
  /// number of texts of each: texts[i] belong to image i, which is encoded once. The logits are the
  /// matching head's second less its first, so that their sigmoid is what match returns. An invalid
  /// image does not affect the others.
  [[nodiscard]] PartialMatches try_match(int64_t count, const std::function<Image(int64_t)>& load,
                                         const std::vector<std::vector<std::string>>& texts) const;
  [[nodiscard]] PartialMatches try_match(const std::vector<std::filesystem::path>& files,
                                         const std::vector<std::vector<std::string>>& texts) const;

  /// Returns logits [images, texts]: exp(logit_scale) · images · textsᵀ, plus logit_bias where
  /// the model has one. Throws kUsage for tensors that are not [N, embed_dim] each.
  [[nodiscard]] torch::Tensor similarity(const torch::Tensor& image_embeddings,
                                         const torch::Tensor& text_embeddings) const;

  /// Returns scores [images, texts] in [0, 1] from the logits of similarity: the share of each text
  /// among all (softmax), or, by a model with a logit_bias (SigLIP), how likely the text belongs to
  /// the image whatever the other texts are (sigmoid), as score_kind says. Throws as similarity.
  [[nodiscard]] torch::Tensor scores(const torch::Tensor& image_embeddings,
                                     const torch::Tensor& text_embeddings) const;
  [[nodiscard]] ScoreKind score_kind() const;

  /// Runs the golden sample of the model's directory. Throws kCheckpoint when it is missing or
  /// is another model's, kUsage for a view on a model in training.
  [[nodiscard]] GoldenCheck check_golden() const;

  [[nodiscard]] const ModelConfig& config() const;
  [[nodiscard]] bool has_tokenizer() const;
  /// Throws kUsage for a model without one.
  [[nodiscard]] const Tokenizer& tokenizer() const;
  [[nodiscard]] int64_t embed_dim() const;
  /// Images or texts per forward pass.
  [[nodiscard]] int64_t batch_size() const;

 private:
  struct Implementation;
  explicit Pipeline(std::shared_ptr<const Implementation> implementation);
  std::shared_ptr<const Implementation> implementation_;
};

}  // namespace tandem
