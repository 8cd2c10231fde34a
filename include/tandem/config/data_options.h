#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tandem {

enum class TokenizerModel { kUnigram, kBpe };
enum class SourceKind {
  kNone,
  kTable,
  kJsonl,
  kFolder,
  kFiles,
  kShapes,
  kWds,
  kCaptions,
  kMixture,
  kParquet,
  kProgram  ///< The program that trains brings its own: TrainerOptions::source.
};
/// kShortest: the shorter side to the size, what the longer one has too much is cut off at both
/// ends. kLongest: the longer side to the size, black beside the shorter one. kSquash: both sides.
enum class ResizeMode { kShortest, kLongest, kSquash };
enum class Interpolation { kBicubic, kBilinear, kLanczos, kBox, kNearest };
enum class ExifOrientation { kIgnore, kApply };
enum class ShapesSplit { kSeen, kUnseen, kAll };

struct TokenizerOptions {
  static constexpr int64_t kMaxVocabSize = 1'000'000;
  static constexpr double kMinCharacterCoverage = 0.98;  // sentencepiece's own limit

  std::string file = {};  ///< A sentencepiece .model, a tokenizer.json, vocab.json or vocab.txt, or
                          ///< a folder that holds one; empty trains a sentencepiece model on the
                          ///< run's captions.
  int64_t train_vocab_size = 0;  ///< Pieces of the model to train, special tokens included, up to
                                 ///< kMaxVocabSize; 0 does not train.
  TokenizerModel train_model = TokenizerModel::kUnigram;
  double train_character_coverage = 1.0;  ///< Share of the characters that the vocabulary covers,
                                          ///< from kMinCharacterCoverage to 1.
  bool lowercase = false;                 ///< Lower-case captions, in training and in use.
};

/// The images of the built-in data set: shapes drawn on the fly, each with a caption from a small
/// grammar.
struct ShapesOptions {
  int64_t count = 64000;  ///< Samples of one epoch.
  ShapesSplit split =
      ShapesSplit::kSeen;  ///< Which colour-shape pairs occur: held-out ones, the others, or all.
};

/// Where samples come from.
struct SourceOptions {
  SourceKind kind = SourceKind::kNone;
  std::string path = {};        ///< Manifest file (table, jsonl, captions, mixture), root folder
                                ///< (folder, files), tar shards (wds), or Parquet files (parquet):
                                ///< files or folders joined by ::, with braces.
  std::string image_root = {};  ///< Folder that relative image paths start from; empty takes the
                                ///< manifest's folder.
  std::string image_key = "filepath";  ///< Column or field that holds the image's path.
  std::string caption_key =
      "title";  ///< Column or field that holds the caption (jsonl, wds: also a list of captions).
  std::string separator = "\t";             ///< Between columns of a table; one character.
  std::vector<std::string> languages = {};  ///< jsonl, wds: take captions from the object
                                            ///< `captions` by these keys; empty takes caption_key.
  std::vector<double> caption_weights =
      {};  ///< How often each of an image's captions is taken, by place, the last one for all
           ///< further ones; with `languages` one per language. Empty takes all alike.
  std::vector<std::string> splits =
      {};  ///< captions: the parts of a Karpathy file to take; empty takes all.
  std::string caption_template =
      "a photo of a {}";         ///< folder, wds with classes: the caption made of a class name.
  std::string class_names = {};  ///< folder, wds: file with the classes' names, one a line; folder
                                 ///< also as "folder<TAB>name". Empty takes the folders' own.
  std::vector<std::string> classes = {};  ///< folder: lines of such a file, in its place; no key of
                                          ///< a configuration.
  ShapesOptions shapes = {};
};

/// Random changes to a training image, drawn again in every epoch. The defaults change
/// nothing but the crop.
struct AugmentOptions {
  double crop_scale_min = 0.9;  ///< Smallest area of the random crop, as a share of the image; 1
                                ///< with ratio 1 turns it off.
  double crop_ratio_max =
      1.3333333333333333;     ///< Largest aspect ratio of the crop; its inverse is the smallest.
  double flip_ratio = 0.0;    ///< Share of images mirrored left to right.
  double jitter_ratio = 0.0;  ///< Share of images whose colours are jittered.
  double brightness = 0.0;    ///< Largest relative change by the jitter; likewise below.
  double contrast = 0.0;
  double saturation = 0.0;
  double hue = 0.0;              ///< Largest turn of the hue circle, in [0, 0.5].
  double grayscale_ratio = 0.0;  ///< Share of images turned gray.
};

/// Half a pixel is rounded to the even number (torchvision, open_clip, timm) or down
/// (transformers).
enum class CropOffset { kEven, kDown };

/// How an image becomes image_size × image_size pixels.
struct ImageTransformOptions {
  std::string preset = {};  ///< Name of a known recipe whose values come first; empty for none.
  ResizeMode resize_mode = ResizeMode::kShortest;
  Interpolation interpolation = Interpolation::kBicubic;
  double crop_pct = 1.0;  ///< Share of the resized image's side that the crop in the middle keeps:
                          ///< resize to ⌊image_size / crop_pct⌋, crop image_size (timm's word).
  CropOffset crop_offset = CropOffset::kEven;  ///< Where the crop begins when a side leaves an odd
                                               ///< number of pixels over; not for kLongest.
  std::string background =
      {};  ///< Colour that transparent pixels are laid on: white, black or
           ///< #rrggbb; drop ignores transparency, as Pillow's convert("RGB");
           ///< drop_after_resize does so after the resize, as open_clip.
           ///< Empty takes white, and when a run is resumed what it did before.
  ExifOrientation exif = ExifOrientation::kIgnore;
  int64_t max_image_pixels = 178956970;  ///< Larger images are refused before they are decoded.
                                         ///< The default is where Pillow raises an error.
};

/// Returns the colour (red, green, blue) that ImageTransformOptions::background names, nothing for
/// drop and drop_after_resize. Throws kConfig for any other text.
[[nodiscard]] std::optional<std::array<uint8_t, 3>> background_color(const std::string& background);
/// Whether ImageTransformOptions::background is drop_after_resize.
[[nodiscard]] bool drops_after_resize(const std::string& background);

/// A known way from images to a tower's input. Its mean and std belong to
/// ImageEncoderOptions, the rest to ImageTransformOptions.
struct TransformPreset {
  std::array<double, 3> mean = {};
  std::array<double, 3> std = {};
  ImageTransformOptions transform = {};
};

/// Whether a recipe of this name exists.
[[nodiscard]] bool has_transform_preset(const std::string& name);
/// Returns the named recipe: openai (OpenAI's CLIP, most of open_clip, Hugging Face CLIP), imagenet
/// (timm, DINO, DeiT), vit (Hugging Face ViTImageProcessor), siglip, laion2b_l14 (the ViT-L/14
/// trained on LAION-2B, which is normalised unlike its siblings). A preset leaves `background`
/// empty, since the libraries differ for the same weights: OpenAI's and open_clip's code drops
/// transparency after the resize, transformers' processors of CLIP and SigLIP lay it on white.
/// Throws kConfig with the known names for another one.
[[nodiscard]] TransformPreset transform_preset(const std::string& name);

/// Returns the filter that Pillow and preprocessor_config.json call by this number: 0 nearest, 1
/// lanczos, 2 bilinear, 3 bicubic, 4 box. Throws kConfig for another one; 5, hamming, is known to
/// Pillow only.
[[nodiscard]] Interpolation interpolation_by_pillow_number(int64_t number);
/// Returns the crop_pct with which an image_size of `crop_size` is cut out of an image resized to
/// `resize_size`, for recipes that name both sizes. Throws kConfig unless 1 ≤ crop_size ≤
/// resize_size.
[[nodiscard]] double crop_pct_of(int64_t resize_size, int64_t crop_size);

struct DataOptions {
  SourceOptions train = {};
  SourceOptions validation =
      {};  ///< Held-out pairs for retrieval during training; kind none leaves it out.
  ImageTransformOptions transform = {};
  AugmentOptions augment = {};
  int64_t batch_size = 64;       ///< Pairs per optimizer step, over all micro-batches and devices.
  int64_t loader_threads = 0;    ///< Threads that decode and tokenise; 0 takes one per core.
  int64_t prefetch_batches = 2;  ///< Batches made ahead of the trainer.
  double max_bad_ratio = 0.01;   ///< Share of invalid samples beyond which the run stops.
  bool allow_outside_root = false;   ///< Accept relative image paths and links that lead out of
                                     ///< image_root or the folder.
  int64_t max_caption_bytes = 4096;  ///< Longer captions are cut before they are tokenised.
  double caption_dropout = 0.0;      ///< Share of training samples that get an empty caption.
  bool with_replacement = false;     ///< Draw every training sample from the whole source, instead
                                     ///< of visiting each once per epoch.
  bool allow_pipes = false;          ///< Run the commands of `pipe:` shards.
  std::string pipe_cache = {};       ///< Folder that keeps what `pipe:` shards gave.
};

}  // namespace tandem
