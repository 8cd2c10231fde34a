#include <cmath>

#include <gtest/gtest.h>

#include "config/presets/presets.h"
#include "config/samples.h"
#include "core/expect_error.h"

namespace tandem {
namespace {

TEST(TransformPresets, AreThePublishedRecipes) {
  const TransformPreset openai = transform_preset("openai");
  EXPECT_EQ(openai.mean[0], 0.48145466);
  EXPECT_EQ(openai.std[2], 0.27577711);
  EXPECT_EQ(openai.transform.resize_mode, ResizeMode::kShortest);
  const TransformPreset imagenet = transform_preset("imagenet");
  EXPECT_EQ(imagenet.mean[1], 0.456);
  EXPECT_EQ(imagenet.std[1], 0.224);
  EXPECT_EQ(imagenet.transform.crop_pct, 0.875);
  const TransformPreset vit = transform_preset("vit");
  EXPECT_EQ(vit.mean[0], 0.5);
  EXPECT_EQ(vit.transform.resize_mode, ResizeMode::kSquash);
  EXPECT_EQ(vit.transform.interpolation, Interpolation::kBilinear);
  EXPECT_EQ(transform_preset("siglip").transform.interpolation, Interpolation::kBicubic);
  EXPECT_EQ(transform_preset("siglip").transform.resize_mode, ResizeMode::kSquash);
  EXPECT_EQ(transform_preset("laion2b_l14").mean[0], 0.5);
  EXPECT_EQ(transform_preset("laion2b_l14").transform.resize_mode, ResizeMode::kShortest);
}

TEST(TransformPresets, KeepTheirNameAndRefuseOthers) {
  for (const std::string& name : config::transform_preset_names()) {
    EXPECT_TRUE(has_transform_preset(name));
    EXPECT_EQ(transform_preset(name).transform.preset, name);
  }
  EXPECT_FALSE(has_transform_preset(""));
  expect_error(ErrorKind::kConfig, {.expected = "openai, imagenet"},
               [] { (void)transform_preset("resnet"); });
}

TEST(TransformPresets, SetBothSectionsBeforeTheKeysBesideThem) {
  const RunConfig config =
      parse_with({"data.transform.preset=vit", "model.image.preset=vit_b_32",
                  "data.transform.interpolation=lanczos", "model.image.mean=[0.1,0.2,0.3]"});
  EXPECT_EQ(config.data.transform.preset, "vit");
  EXPECT_EQ(config.data.transform.resize_mode, ResizeMode::kSquash);
  EXPECT_EQ(config.data.transform.interpolation, Interpolation::kLanczos);
  EXPECT_EQ(config.model.image.mean[0], 0.1);
  EXPECT_EQ(config.model.image.std[0], 0.5);
  EXPECT_EQ(config.model.image.patch_size, 32);
}

TEST(TransformPresets, AreReadFromAModelDirectorysConfig) {
  const ModelConfig config =
      parse_model_config(R"({"data": {"transform": {"preset": "imagenet"}}})", "config.json");
  EXPECT_EQ(config.transform.crop_pct, 0.875);
  EXPECT_EQ(config.model.image.std[0], 0.229);
  const ModelConfig again = parse_model_config(to_json(config), "again");
  EXPECT_EQ(again.transform.crop_pct, 0.875);
  EXPECT_EQ(again.model.image.std, config.model.image.std);
}

TEST(Background, IsANameOrAColor) {
  using Color = std::array<uint8_t, 3>;
  EXPECT_EQ(background_color("drop"), std::nullopt);
  EXPECT_EQ(background_color("drop_after_resize"), std::nullopt);
  EXPECT_TRUE(drops_after_resize("drop_after_resize"));
  EXPECT_FALSE(drops_after_resize("drop"));
  EXPECT_EQ(background_color("white"), (Color{255, 255, 255}));
  EXPECT_EQ(background_color(""), (Color{255, 255, 255}));
  EXPECT_EQ(background_color("black"), (Color{0, 0, 0}));
  EXPECT_EQ(background_color("#0aF310"), (Color{0x0A, 0xF3, 0x10}));
  for (const char* wrong : {"White", "#fff", "#12345g", "123456", "#1234567", "transparent"}) {
    expect_error(ErrorKind::kConfig,
                 {.expected = "drop, drop_after_resize, white, black or #rrggbb"},
                 [&] { (void)background_color(wrong); });
    expect_error(ErrorKind::kConfig,
                 {.what = "data.transform.background: expected one of drop, drop_after_resize, "
                          "white, black, or a colour #rrggbb, found \"" +
                          std::string(wrong) + "\""},
                 [&] { parse_with({"data.transform.background=" + std::string(wrong)}); });
  }
  EXPECT_EQ(parse_with({"data.transform.background=#a0b1c2"}).data.transform.background, "#a0b1c2");
  EXPECT_EQ(parse_with({"data.transform.preset=openai"}).data.transform.background, "");
}

TEST(Background, OfAModelSavedWithoutTheKeyIsDropped) {
  for (const char* json : {"{}", R"({"data": {"transform": {"preset": "openai"}}})"})
    EXPECT_EQ(parse_model_config(json, "config.json").transform.background, "drop");
  const char* older = R"({"data": {"transform": {"max_image_pixels": 89478485}}})";
  EXPECT_EQ(parse_model_config(older, "config.json").transform.max_image_pixels, 178956970);
  const ModelConfig black =
      parse_model_config(R"({"data": {"transform": {"background": "black"}}})", "config.json");
  EXPECT_EQ(parse_model_config(to_json(black), "again").transform.background, "black");
}

TEST(TransformPresets, CropPctIsAShare) {
  for (const char* text : {"data.transform.crop_pct=0", "data.transform.crop_pct=1.01"}) {
    expect_error(ErrorKind::kConfig, {.what = "data.transform.crop_pct"},
                 [text] { (void)parse_with({text}); });
  }
}

TEST(CropPctOf, LeadsToExactlyTheSizesNamed) {
  for (int64_t crop = 1; crop <= 600; ++crop) {
    for (int64_t size = crop; size <= 1200; ++size) {
      const double share = crop_pct_of(size, crop);
      ASSERT_EQ(std::floor(static_cast<double>(crop) / share), static_cast<double>(size));
      ASSERT_LE(share, 1.0);
    }
  }
  expect_error(ErrorKind::kConfig, {.found = "a crop of 256 from an image of 224"},
               [] { (void)crop_pct_of(224, 256); });
}

TEST(InterpolationByPillowNumber, KnowsPillowsFilters) {
  EXPECT_EQ(interpolation_by_pillow_number(0), Interpolation::kNearest);
  EXPECT_EQ(interpolation_by_pillow_number(1), Interpolation::kLanczos);
  EXPECT_EQ(interpolation_by_pillow_number(2), Interpolation::kBilinear);
  EXPECT_EQ(interpolation_by_pillow_number(3), Interpolation::kBicubic);
  EXPECT_EQ(interpolation_by_pillow_number(4), Interpolation::kBox);
  expect_error(ErrorKind::kConfig, {.found = "hamming"},
               [] { (void)interpolation_by_pillow_number(5); });
}

}  // namespace
}  // namespace tandem
