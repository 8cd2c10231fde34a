#pragma once

#include "tandem/config/run_config.h"

namespace tandem::config {

/// One name of an enumerator, as it is in JSON. Each enum has one table of them.
template <typename E>
struct Spelling {
  E value;
  const char* name;
};

inline constexpr Spelling<Activation> kActivations[] = {
    {Activation::kGelu, "gelu"},
    {Activation::kGeluTanh, "gelu_tanh"},
    {Activation::kQuickGelu, "quick_gelu"},
};
inline constexpr Spelling<NormOrder> kNormOrders[] = {
    {NormOrder::kPost, "post"},
    {NormOrder::kPre, "pre"},
};
inline constexpr Spelling<PositionStyle> kPositionStyles[] = {
    {PositionStyle::kRoberta, "roberta"},
    {PositionStyle::kAbsolute, "absolute"},
};
inline constexpr Spelling<TextPool> kTextPools[] = {
    {TextPool::kMean, "mean"},     {TextPool::kCls, "cls"},   {TextPool::kPooler, "pooler"},
    {TextPool::kEot, "eot"},       {TextPool::kLast, "last"}, {TextPool::kMeanAll, "mean_all"},
    {TextPool::kArgmax, "argmax"},
};
inline constexpr Spelling<ImagePool> kImagePools[] = {
    {ImagePool::kCls, "cls"}, {ImagePool::kMean, "mean"},     {ImagePool::kPooler, "pooler"},
    {ImagePool::kMap, "map"}, {ImagePool::kLogits, "logits"},
};
inline constexpr Spelling<ProjectorKind> kProjectorKinds[] = {
    {ProjectorKind::kGeluLayerNorm, "gelu_layernorm"},
    {ProjectorKind::kLinear, "linear"},
    {ProjectorKind::kMlp, "mlp"},
    {ProjectorKind::kNone, "none"},
    {ProjectorKind::kShared, "shared"},
};
inline constexpr Spelling<Towers> kTowers[] = {
    {Towers::kBoth, "both"},
    {Towers::kText, "text"},
    {Towers::kImage, "image"},
};
inline constexpr Spelling<DecoderSharing> kDecoderSharings[] = {
    {DecoderSharing::kNone, "none"},
    {DecoderSharing::kAllButSelfAttention, "all_but_self_attention"},
};
inline constexpr Spelling<TokenizerModel> kTokenizerModels[] = {
    {TokenizerModel::kUnigram, "unigram"},
    {TokenizerModel::kBpe, "bpe"},
};
inline constexpr Spelling<SourceKind> kSourceKinds[] = {
    {SourceKind::kNone, "none"},       {SourceKind::kTable, "table"},
    {SourceKind::kJsonl, "jsonl"},     {SourceKind::kFolder, "folder"},
    {SourceKind::kFiles, "files"},     {SourceKind::kShapes, "shapes"},
    {SourceKind::kWds, "wds"},         {SourceKind::kCaptions, "captions"},
    {SourceKind::kMixture, "mixture"}, {SourceKind::kParquet, "parquet"},
    {SourceKind::kProgram, "program"},
};
inline constexpr Spelling<ResizeMode> kResizeModes[] = {
    {ResizeMode::kShortest, "shortest"},
    {ResizeMode::kLongest, "longest"},
    {ResizeMode::kSquash, "squash"},
};
inline constexpr Spelling<Interpolation> kInterpolations[] = {
    {Interpolation::kBicubic, "bicubic"}, {Interpolation::kBilinear, "bilinear"},
    {Interpolation::kLanczos, "lanczos"}, {Interpolation::kBox, "box"},
    {Interpolation::kNearest, "nearest"},
};
inline constexpr Spelling<CropOffset> kCropOffsets[] = {
    {CropOffset::kEven, "even"},
    {CropOffset::kDown, "down"},
};
inline constexpr Spelling<ExifOrientation> kExifOrientations[] = {
    {ExifOrientation::kIgnore, "ignore"},
    {ExifOrientation::kApply, "apply"},
};
inline constexpr Spelling<ShapesSplit> kShapesSplits[] = {
    {ShapesSplit::kSeen, "seen"},
    {ShapesSplit::kUnseen, "unseen"},
    {ShapesSplit::kAll, "all"},
};
inline constexpr Spelling<Schedule> kSchedules[] = {
    {Schedule::kCosine, "cosine"},
    {Schedule::kConstant, "constant"},
};
inline constexpr Spelling<Precision> kPrecisions[] = {
    {Precision::kFp32, "fp32"},
    {Precision::kBf16, "bf16"},
};
inline constexpr Spelling<BestMode> kBestModes[] = {
    {BestMode::kMax, "max"},
    {BestMode::kMin, "min"},
};
inline constexpr Spelling<SavedModel> kSavedModels[] = {
    {SavedModel::kLast, "last"},
    {SavedModel::kBest, "best"},
};
inline constexpr Spelling<SpikePolicy> kSpikePolicies[] = {
    {SpikePolicy::kIgnore, "ignore"},
    {SpikePolicy::kRollback, "rollback"},
};

inline constexpr Spelling<EvaluationFailure> kEvaluationFailures[] = {
    {EvaluationFailure::kWarn, "warn"},
    {EvaluationFailure::kStop, "stop"},
};
inline constexpr Spelling<TaskKind> kTaskKinds[] = {
    {TaskKind::kClip, "clip"},
    {TaskKind::kCaptioner, "captioner"},
    {TaskKind::kBlip, "blip"},
};
inline constexpr Spelling<LossKind> kLossKinds[] = {
    {LossKind::kInfoNce, "info_nce"},
    {LossKind::kSigmoid, "sigmoid"},
};
inline constexpr Spelling<Duplicates> kDuplicates[] = {
    {Duplicates::kKeep, "keep"},
    {Duplicates::kMask, "mask"},
    {Duplicates::kPositive, "positive"},
};

/// Returns the name of `value`, "?" for a value that is no enumerator.
template <typename E, size_t N>
[[nodiscard]] const char* spelling(E value, const Spelling<E> (&table)[N]) {
  for (const auto& each : table) {
    if (each.value == value) return each.name;
  }
  return "?";
}

}  // namespace tandem::config
