#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tandem {

enum class TokenizerModel { kUnigram, kBpe };
enum class SourceKind { kNone, kTable, kJsonl, kFolder, kShapes };
enum class ResizeMode { kShortest, kSquash };
enum class Interpolation { kBicubic, kBilinear, kLanczos, kBox, kNearest };
enum class ExifOrientation { kIgnore, kApply };
enum class ShapesSplit { kSeen, kUnseen, kAll };

struct TokenizerOptions {
  std::string file = {};  ///< A sentencepiece .model; empty trains one on the run's captions.
  int64_t train_vocab_size =
      0;  ///< Pieces of the model to train, special tokens included; 0 does not train.
  TokenizerModel train_model = TokenizerModel::kUnigram;
  double train_character_coverage = 1.0;  ///< Share of characters that get pieces of their own.
  bool lowercase = false;                 ///< Lower-case captions, in training and in use.
};

/// The pictures of the built-in data set: shapes drawn on the fly, each with a caption from a small
/// grammar.
struct ShapesOptions {
  int64_t count = 64000;  ///< Samples of one epoch.
  ShapesSplit split =
      ShapesSplit::kSeen;  ///< Which colour-shape pairs occur: held-out ones, the others, or all.
};

/// Where samples come from.
struct SourceOptions {
  SourceKind kind = SourceKind::kNone;
  std::string path = {};        ///< Manifest file (table, jsonl) or root folder (folder).
  std::string image_root = {};  ///< Folder that relative picture paths start from; empty takes the
                                ///< manifest's folder.
  std::string image_key = "filepath";  ///< Column or field that holds the picture's path.
  std::string caption_key =
      "title";  ///< Column or field that holds the caption (jsonl: also a list of captions).
  std::string separator = "\t";             ///< Between columns of a table; one character.
  std::vector<std::string> languages = {};  ///< jsonl: take captions from the object `captions` by
                                            ///< these keys; empty takes caption_key.
  std::string caption_template = "a photo of a {}";  ///< folder: the caption made of a class name.
  ShapesOptions shapes = {};
};

/// Random changes to a training picture, each drawn anew for every epoch. The defaults change
/// nothing but the crop.
struct AugmentOptions {
  double crop_scale_min = 0.9;  ///< Smallest area of the random crop, as a share of the picture; 1
                                ///< with ratio 1 turns it off.
  double crop_ratio_max =
      1.3333333333333333;     ///< Largest aspect ratio of the crop; its inverse is the smallest.
  double flip_ratio = 0.0;    ///< Share of pictures mirrored left to right.
  double jitter_ratio = 0.0;  ///< Share of pictures whose colours are jittered.
  double brightness = 0.0;    ///< Largest relative change by the jitter; likewise below.
  double contrast = 0.0;
  double saturation = 0.0;
  double hue = 0.0;              ///< Largest turn of the hue circle, in [0, 0.5].
  double grayscale_ratio = 0.0;  ///< Share of pictures turned gray.
};

/// How a picture becomes image_size × image_size pixels.
struct ImageTransformOptions {
  ResizeMode resize_mode = ResizeMode::kShortest;
  Interpolation interpolation = Interpolation::kBicubic;
  ExifOrientation exif = ExifOrientation::kIgnore;
  int64_t max_image_pixels =
      89478485;  ///< Larger pictures are refused before they are decoded (Pillow's warning limit).
};

struct DataOptions {
  SourceOptions train = {};
  SourceOptions validation =
      {};  ///< Held-out pairs for retrieval during training; kind none leaves it out.
  ImageTransformOptions transform = {};
  AugmentOptions augment = {};
  int64_t batch_size = 64;       ///< Pairs per optimizer step, over all micro-batches and devices.
  int64_t loader_threads = 0;    ///< Threads that decode and tokenise; 0 takes one per core.
  int64_t prefetch_batches = 2;  ///< Batches made ahead of the trainer.
  double max_bad_ratio = 0.01;   ///< Share of unusable samples beyond which the run stops.
  bool allow_outside_root = false;   ///< Accept picture paths that lead out of image_root.
  int64_t max_caption_bytes = 4096;  ///< Longer captions are cut before they are tokenised.
};

}  // namespace tandem
