// What a model can be exported to, told from its configuration alone.
#include "tandem/interop/export_targets.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "interop/writers/image_processor_writer.h"

namespace tandem {
namespace {

using Differences = std::vector<std::string>;

ModelConfig clip() {
  ModelConfig config;
  TextEncoderOptions& text = config.model.text;
  text = {.vocab_size = 100,
          .norm_order = NormOrder::kPre,
          .causal = true,
          .position_style = PositionStyle::kAbsolute,
          .type_vocab_size = 0,
          .embedding_norm = false,
          .final_norm = true,
          .pool = TextPool::kEot,
          .eos_id = 99};
  config.model.image.patch_bias = false;
  config.model.image.pre_norm = true;
  config.model.projector = {.kind = ProjectorKind::kLinear, .bias = false};
  return config;
}

ExportTarget target(const ModelConfig& config, const std::string& format) {
  for (const ExportTarget& each : export_targets(config))
    if (each.format == format) return each;
  return {};
}

TEST(ExportTargets, NamesTheClassThatHoldsTheModel) {
  const ModelConfig config = clip();
  EXPECT_EQ(target(config, "hf").form, "CLIPModel");
  EXPECT_TRUE(target(config, "open_clip").possible);
  EXPECT_EQ(describe(export_targets(config)), "hf (as CLIPModel); open_clip (as CLIP)");
}

TEST(ExportTargets, SaysWhatALinearProjectorWouldHaveToBe) {
  ModelConfig config = clip();
  config.model.projector.bias = true;
  const ExportTarget open_clip = target(config, "open_clip");
  EXPECT_FALSE(open_clip.possible);
  // open_clip's text projection may have a bias, its image projection may not.
  EXPECT_EQ(open_clip.differences, (Differences{"model.image_projector.bias: true -> false"}));
  EXPECT_EQ(target(config, "hf").form, "modeling_tandem.py with trust_remote_code");
}

TEST(ExportTargets, ListsEveryFieldThatKeepsAModelOut) {
  const RunConfig quickstart =
      load_run_config(std::filesystem::path(TANDEM_SOURCE_DIR) / "configs" / "quickstart.json");
  const ExportTarget open_clip =
      target({.model = quickstart.model, .transform = quickstart.data.transform}, "open_clip");
  for (const char* field : {"model.text.pool: ", "model.text.position_style: ",
                            "model.image.patch_bias: ", "model.image_projector.bias: "}) {
    const bool named = std::ranges::any_of(
        open_clip.differences, [&](const std::string& each) { return each.starts_with(field); });
    EXPECT_TRUE(named) << field;
  }
}

TEST(ExportTargets, KnowsThatTransformersReadsTheEndId2AsTheLargestId) {
  ModelConfig config = clip();
  config.model.text.eos_id = 2;
  EXPECT_EQ(target(config, "hf").form, "modeling_tandem.py with trust_remote_code");
  config.model.text.pool = TextPool::kArgmax;
  EXPECT_EQ(target(config, "hf").form, "CLIPModel");
}

TEST(ExportTargets, KnowsThePixelsThatOpenClipCannotMake) {
  ModelConfig config = clip();
  config.transform.interpolation = Interpolation::kLanczos;
  config.transform.crop_pct = 0.5;
  EXPECT_EQ(target(config, "open_clip").differences,
            (Differences{R"(data.transform.interpolation: "lanczos" -> "bicubic")",
                         "data.transform.crop_pct: 0.5 -> 1"}));
}

TEST(ExportTargets, OneTowerGoesToHuggingFaceOnly) {
  ModelConfig config = clip();
  config.model.towers = Towers::kText;
  EXPECT_TRUE(target(config, "hf").possible);
  EXPECT_EQ(target(config, "open_clip").differences, (Differences{"model.towers: text -> both"}));
}

TEST(ImageProcessorWriter, TakesAClassOfTransformersOnlyWhereItGivesTheSamePixels) {
  ModelConfig config = clip();
  EXPECT_FALSE(is_stock_processing(config));  // half a pixel is rounded to even
  config.transform.crop_offset = CropOffset::kDown;
  EXPECT_TRUE(is_stock_processing(config));
  EXPECT_EQ(image_processor_json(config, Layout::kClip).at("image_processor_type"),
            "CLIPImageProcessor");
  EXPECT_EQ(image_processor_json(config, Layout::kClip).at("do_convert_rgb"), true);
  config.transform.background = "drop";
  EXPECT_EQ(image_processor_json(config, Layout::kClip).at("do_convert_rgb"), false);
  for (const char* background : {"black", "drop_after_resize"}) {
    config.transform.background = background;
    EXPECT_FALSE(is_stock_processing(config)) << background;
  }
  config.transform.resize_mode = ResizeMode::kLongest;
  EXPECT_FALSE(is_stock_processing(config));
  const Json own = image_processor_json(config, Layout::kClip);
  EXPECT_EQ(own.at("tandem").at("resize_mode"), "longest");
  EXPECT_EQ(own.at("auto_map").at("AutoImageProcessor"),
            "image_processing_tandem.TandemImageProcessor");
}

}  // namespace
}  // namespace tandem
