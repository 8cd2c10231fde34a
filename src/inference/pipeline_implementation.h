#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include <torch/types.h>

#include "tandem/image/transform.h"
#include "tandem/inference/pipeline.h"

namespace tandem {

/// What the copies of a Pipeline share, and how it encodes batch by batch.
struct Pipeline::Implementation {
  ClipModel model{nullptr};
  std::shared_ptr<const Tokenizer> tokenizer;
  ModelConfig config;
  std::filesystem::path directory;
  torch::Device device{torch::kCPU};
  int64_t batch_size = 64;
  double tolerance = 0.0;  ///< Of the golden sample.
  bool borrowed = false;   ///< Somebody else's model, which may be in training.
  mutable std::mutex mutex;
  mutable std::once_flag packed;

  /// What is done with the error of an item that cannot be used.
  using OnError = std::function<void(int64_t, const Error&)>;
  /// Encodes a list of items into the rows of `out` [count, D]; items that cannot be used go to
  /// `on_error` in order.
  using Encode = std::function<void(torch::Tensor& out, const OnError& on_error)>;

  /// Returns an image by number as the tower takes it. Called from several threads.
  using Prepare = std::function<Image(int64_t)>;
  /// Return it for a list, and for images that `load` returns; both must outlive the result.
  template <typename Item>  // A path, an Image, or the bytes of a file.
  [[nodiscard]] Prepare prepare(const std::vector<Item>& items) const {
    return [this, &items](int64_t i) { return prepared(items[static_cast<size_t>(i)]); };
  }
  [[nodiscard]] Prepare prepare(const std::function<Image(int64_t)>& load) const {
    return [this, &load](int64_t i) { return prepared(load(i)); };
  }

  /// Encode images 0 … count - 1.
  [[nodiscard]] Encode encode_images(int64_t count, Prepare prepare) const;
  template <typename Item>
  [[nodiscard]] Encode encode_images(const std::vector<Item>& items) const {
    return encode_images(static_cast<int64_t>(items.size()), prepare(items));
  }
  /// Encode texts 0 … count - 1, whose ids `ids_of` returns.
  [[nodiscard]] Encode encode_texts(int64_t count,
                                    std::function<std::vector<int32_t>(int64_t)> ids_of) const;
  [[nodiscard]] Encode encode_texts(const std::vector<std::string>& texts) const;

  /// What is done with a batch of images, uint8 [B, 3, S, S] on the device, of these numbers.
  using OnImages =
      std::function<void(const torch::Tensor& images, const std::vector<int64_t>& rows)>;
  /// Calls `use` with the images 0 … count - 1 batch by batch; those that cannot be used go to
  /// `on_error` in order.
  void for_each_batch(int64_t count, const Prepare& prepare, const OnImages& use,
                      const OnError& on_error) const;
  /// What is captioned: images 0 … count - 1, whose numbers for draws begin at `first_image`.
  struct Captioned {
    int64_t count = 0;
    Prepare prepare;
    int64_t first_image = 0;
  };
  /// Writes captions; those of images that cannot be used, which go to `on_error`, are empty.
  [[nodiscard]] std::vector<Caption> captions(const Captioned& images,
                                              const CaptionOptions& options,
                                              const OnError& on_error) const;
  [[nodiscard]] PartialCaptions what_can_be_captioned(const Captioned& images,
                                                      const CaptionOptions& options) const;

  /// Returns the logits of image i with each of texts[i]. Images that cannot be used go to
  /// `on_error` and have zeros.
  [[nodiscard]] std::vector<torch::Tensor> match(const Prepare& prepare,
                                                 const std::vector<std::vector<std::string>>& texts,
                                                 const OnError& on_error) const;
  [[nodiscard]] PartialMatches what_can_be_matched(
      const Prepare& prepare, const std::vector<std::vector<std::string>>& texts) const;

  /// Return what `encode` makes of `count` items: all or the first error, or what can be encoded.
  /// `what` names the items. Throw kUsage for no items.
  [[nodiscard]] torch::Tensor all(size_t count, const char* what, const Encode& encode) const;
  [[nodiscard]] PartialEmbeddings what_can(size_t count, const char* what,
                                           const Encode& encode) const;

  /// Images as the tower takes them, [S, S].
  [[nodiscard]] Image prepared(const Image& image) const {
    return evaluation_transform(image, config.model.image.image_size, config.transform);
  }
  [[nodiscard]] Image prepared(const std::filesystem::path& file) const {
    return load_for_evaluation(file, config.model.image.image_size, config.transform);
  }
  [[nodiscard]] Image prepared(std::string_view bytes) const {
    return decode_for_evaluation(bytes, config.model.image.image_size, config.transform);
  }

 private:
  /// Calls `use` with the model as it has to be for inference.
  void with_model(const std::function<void(ClipModel)>& use) const;
  /// Packs the layers when enough is to be encoded at once to pay for it.
  void prepare_for(int64_t count) const;
  /// Returns the result of `encode` as fp32 [B, D] on the CPU.
  torch::Tensor run(const std::function<torch::Tensor(ClipModel)>& encode) const;
};

}  // namespace tandem
