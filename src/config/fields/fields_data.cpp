#include "config/fields/fields.h"
#include "config/presets/presets.h"

namespace tandem::config {
namespace {

void add_shapes(FieldTable& table, const SectionInfo& source, ShapesOptions& o) {
  Section shapes(table, {.path = join_path(source.path, "shapes"),
                         .doc = "kind shapes: images drawn on the fly, captioned by a grammar.",
                         .on_resume = source.on_resume});
  shapes.add("count", &o.count, "Samples of one epoch.", between(1, 1e12));
  shapes.add("split", choice(&o.split, kShapesSplits),
             "Which colour-shape pairs occur: all but the held-out ones, those alone, or all.");
}

void add_augment(FieldTable& table, AugmentOptions& o) {
  const Bounds share = between(0, 1);
  Section augment(table,
                  {.path = "data.augment",
                   .doc = "Random changes to a training image, drawn again in every epoch."});
  augment.add("crop_scale_min", &o.crop_scale_min,
              "Smallest area of the random crop, as a share of the image; 1 with ratio 1 turns "
              "it off.",
              {.above = 0, .max = 1});
  augment.add("crop_ratio_max", &o.crop_ratio_max,
              "Largest aspect ratio of the crop; its inverse is the smallest.", between(1, 100));
  augment.add("flip_ratio", &o.flip_ratio, "Share of images mirrored left to right.", share);
  augment.add("jitter_ratio", &o.jitter_ratio, "Share of images whose colours are jittered.",
              share);
  augment.add("brightness", &o.brightness, "Largest relative change of brightness.", share);
  augment.add("contrast", &o.contrast, "Largest relative change of contrast.", share);
  augment.add("saturation", &o.saturation, "Largest relative change of saturation.", share);
  augment.add("hue", &o.hue, "Largest turn of the hue circle, as a share of it.", between(0, 0.5));
  augment.add("grayscale_ratio", &o.grayscale_ratio, "Share of images turned gray.", share);
}

}  // namespace

void add_tokenizer_fields(FieldTable& table, TokenizerOptions& o) {
  Section tokenizer(
      table,
      {.path = "tokenizer",
       .doc =
           "How captions become ids: a tokenizer's files, or a sentencepiece model trained on the "
           "run's captions.",
       .on_resume = OnResume::kFixed});
  tokenizer.add_path(
      "file", &o.file,
      "A sentencepiece .model, a tokenizer.json, vocab.json or vocab.txt, or a folder "
      "that holds one; empty trains a sentencepiece model on the run's captions.");
  tokenizer.add("train_vocab_size", &o.train_vocab_size,
                "Pieces of the model to train, special tokens included; 0 does not train.",
                between(0, static_cast<double>(TokenizerOptions::kMaxVocabSize)));
  tokenizer.add("train_model", choice(&o.train_model, kTokenizerModels),
                "Kind of sentencepiece model to train.");
  tokenizer.add("train_character_coverage", &o.train_character_coverage,
                "Share of the characters that the vocabulary covers.",
                between(TokenizerOptions::kMinCharacterCoverage, 1));
  tokenizer.add("lowercase", &o.lowercase, "Lower-case captions, in training and in use.");
}

void add_source_fields(FieldTable& table, const SectionInfo& section, SourceOptions& o) {
  const Bounds some_text = at_least(1);
  Section source(table, section);
  source.add(
      "kind", choice(&o.kind, kSourceKinds),
      "A table (CSV, TSV), JSON lines, Parquet, a folder root/<class>/*, image files with a .txt "
      "beside each, the built-in shapes, WebDataset tar shards, a caption file (COCO, "
      "Karpathy, Flickr, BLIP), a weighted "
      "mixture of sources, nothing, or a source that the program which trains brings along.");
  source.add_path(
      "path", &o.path,
      "Manifest file (table, jsonl, captions, mixture), root folder (folder, files), tar shards "
      "(wds), or Parquet files (parquet): files or folders joined by ::, with braces as in "
      "{000..012}.tar.");
  source.add_path(
      "image_root", &o.image_root,
      "Folder that relative image paths start from; empty takes the manifest's folder.");
  source.add("image_key", &o.image_key, "Column or field that holds the image's path.", some_text);
  source.add("caption_key", &o.caption_key,
             "Column or field that holds the caption (jsonl, wds: also a list of captions).",
             some_text);
  source.add("separator", &o.separator, "Between the columns of a table; one character.",
             between(1, 1));
  source.add("languages", &o.languages,
             "jsonl, wds: take captions from the object `captions` by these keys; empty takes "
             "caption_key.");
  source.add("caption_weights", &o.caption_weights,
             "How often each of an image's captions is taken in training, by place, the last one "
             "for all further ones; with languages one per language. Empty takes all alike.",
             at_least(0));
  source.add("splits", &o.splits,
             "captions: the parts of a Karpathy file to take, as train and restval; empty takes "
             "all.");
  source.add("caption_template", &o.caption_template,
             "folder, wds with classes: the caption made of a class name, which replaces {}, {c} "
             "or {label}.");
  source.add_path("class_names", &o.class_names,
                  "folder, wds: file with the names of the classes, one a line in label order; "
                  "folder also as lines folder<TAB>name, such as WordNet ids with their words. "
                  "Empty takes the folders' own names, or classes.txt beside the shards.");
  add_shapes(table, section, o.shapes);
}

void add_transform_fields(FieldTable& table, ImageTransformOptions& o) {
  Section transform(table, {.path = "data.transform",
                            .doc = "How an image becomes image_size × image_size pixels."});
  transform.add_name("preset", &o.preset,
                     "Known recipe whose values come first, model.image.mean and std too; keys "
                     "given beside it win.",
                     transform_preset_names());
  reported(
      transform.add("resize_mode", choice(&o.resize_mode, kResizeModes),
                    "Shortest side to image_size, then center crop; longest side to it, then black "
                    "borders; or squash both sides to it."));
  reported(transform.add("interpolation", choice(&o.interpolation, kInterpolations),
                         "Filter of the resize, as Pillow computes it."));
  reported(
      transform.add("crop_pct", &o.crop_pct,
                    "Share of the resized side that the center crop keeps: resize to image_size / "
                    "crop_pct, rounded down.",
                    {.above = 0, .max = 1}));
  reported(transform.add(
      "crop_offset", choice(&o.crop_offset, kCropOffsets),
      "How the center crop's beginning is rounded when it falls on half a pixel: even "
      "(torchvision, open_clip) or down (transformers)."));
  reported(transform.add_color(
      "background", &o.background,
      "Colour that transparent pixels are laid on before the resize; drop ignores "
      "transparency, drop_after_resize does so after the resize (OpenAI's CLIP, open_clip), "
      "transformers lays it on white. Empty takes white, and when a run is resumed what it did "
      "before.",
      background_names()));
  reported(transform.add("exif", choice(&o.exif, kExifOrientations),
                         "Whether the EXIF orientation is applied."));
  transform.add("max_image_pixels", &o.max_image_pixels,
                "Larger images are refused before they are decoded; the default is Pillow's limit. "
                "Those above 89478485, where Pillow warns, are taken and counted.",
                between(1, 1e10));
}

void add_data_fields(FieldTable& table, DataOptions& o) {
  Section data(table,
               {.path = "data", .doc = "Where samples come from and how they become batches."});
  add_source_fields(table, {"data.train", "The pairs to train on.", OnResume::kFixed}, o.train);
  add_source_fields(
      table,
      {"data.validation", "Held-out pairs for retrieval during training; kind none leaves it out."},
      o.validation);
  add_transform_fields(table, o.transform);
  add_augment(table, o.augment);
  data.add("batch_size", &o.batch_size,
           "Pairs per optimizer step, over all micro-batches and devices.", between(2, 1 << 24))
      .on_resume = OnResume::kFixed;
  data.add("loader_threads", &o.loader_threads,
           "Threads that decode and tokenise; 0 takes one per core.", between(0, 1024));
  data.add("prefetch_batches", &o.prefetch_batches, "Batches made ahead of the trainer.",
           between(1, 1024));
  data.add("max_bad_ratio", &o.max_bad_ratio,
           "Share of invalid samples beyond which the run stops.", between(0, 1));
  data.add("allow_outside_root", &o.allow_outside_root,
           "Accept relative image paths and links that lead out of image_root or the folder; an "
           "absolute path in a table is taken as it is.");
  data.add("max_caption_bytes", &o.max_caption_bytes,
           "Longer captions are cut before they are tokenised.", between(1, 1 << 24));
  data.add("caption_dropout", &o.caption_dropout,
           "Share of training samples that get an empty caption.", {.min = 0, .below = 1});
  data.add("with_replacement", &o.with_replacement,
           "Draw each training sample from the whole source, with repeats, instead of visiting "
           "each once "
           "per epoch.");
  data.add("allow_pipes", &o.allow_pipes,
           "Run the commands of `pipe:` shards (kind wds); they are refused otherwise.");
  data.add_path("pipe_cache", &o.pipe_cache, "Folder that keeps what `pipe:` shards gave.");
}

}  // namespace tandem::config
