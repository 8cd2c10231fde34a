// What transformers writes about pictures: where, in which spelling, and what it leaves to classes.
#include <filesystem>

#include <gtest/gtest.h>

#include "core/temporary_folder.h"
#include "interop/reading/foreign_config.h"
#include "interop/refused_field.h"
#include "tandem/core/files.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kSide = 15;  // of every golden picture

// A golden model with its own processor's file replaced by `files`, read again.
ForeignConfig read_files(const std::string& family, const Json& files) {
  const TemporaryFolder folder;
  fs::copy(fs::path(TANDEM_SOURCE_DIR) / "tests" / "golden" / "interop" / family, folder.path(),
           fs::copy_options::recursive);
  fs::remove(folder / "preprocessor_config.json");
  for (const auto& [name, content] : files.items())
    write_file_atomically(folder / name, content.dump());
  return read_hugging_face_config(folder.path(), {.names = {}});
}

Json clip_processor() {
  return Json::parse(R"({"crop_size": {"height": 15, "width": 15}, "do_center_crop": true,
      "do_convert_rgb": true, "do_normalize": true, "do_rescale": true, "do_resize": true,
      "image_mean": [0.5, 0.4, 0.3], "image_processor_type": "CLIPImageProcessor",
      "image_std": [0.2, 0.3, 0.4], "resample": 2, "rescale_factor": 0.00392156862745098,
      "size": {"shortest_edge": 20}})");
}

// clip_processor() with some fields replaced; null takes a field out.
ForeignConfig read_changed(const Json& changes) {
  Json processor = clip_processor();
  processor.merge_patch(changes);
  return read_files("clip_laion", {{"preprocessor_config.json", processor}});
}

void expect_clip_processor(const ForeignConfig& foreign) {
  const ModelConfig& config = foreign.config;
  EXPECT_EQ(config.model.image.mean, (std::array<double, 3>{0.5, 0.4, 0.3}));
  EXPECT_EQ(config.model.image.std, (std::array<double, 3>{0.2, 0.3, 0.4}));
  EXPECT_EQ(config.transform.interpolation, Interpolation::kBilinear);
  EXPECT_EQ(config.transform.resize_mode, ResizeMode::kShortest);
  EXPECT_EQ(resized_side(config), 20);
  EXPECT_TRUE(foreign.warnings.empty()) << foreign.warnings.front();
}

TEST(ImageProcessor, IsReadInBothPlacesAndTheNestedOneCounts) {
  const Json nested{{"image_processor", clip_processor()}, {"processor_class", "CLIPProcessor"}};
  Json other = clip_processor();
  other["resample"] = 3;
  expect_clip_processor(read_files("clip_laion", {{"processor_config.json", nested}}));
  expect_clip_processor(read_files("clip_laion", {{"preprocessor_config.json", clip_processor()}}));
  expect_clip_processor(read_files(
      "clip_laion", {{"processor_config.json", nested}, {"preprocessor_config.json", other}}));
  // transformers 4 wrote a processor_config.json that says nothing of pictures.
  expect_clip_processor(
      read_files("clip_laion", {{"processor_config.json", {{"processor_class", "CLIPProcessor"}}},
                                {"preprocessor_config.json", clip_processor()}}));
}

TEST(ImageProcessor, WarnsOfWhatItsClassDecides) {
  const ForeignConfig nothing = read_files("clip_laion", Json::object());
  ASSERT_EQ(nothing.warnings.size(), 1U);
  EXPECT_NE(nothing.warnings[0].find("CLIPImageProcessor does by default"), std::string::npos);
  EXPECT_EQ(nothing.config.transform.interpolation, Interpolation::kBicubic);
  EXPECT_EQ(resized_side(nothing.config), kSide);

  const ForeignConfig partly = read_changed({{"image_std", nullptr}, {"resample", nullptr}});
  ASSERT_EQ(partly.warnings.size(), 1U);
  EXPECT_NE(partly.warnings[0].find("does not say resample, image_std;"), std::string::npos)
      << partly.warnings[0];
  EXPECT_EQ(partly.config.model.image.std, ImageEncoderOptions{}.std);
  // A text tower has no images.
  EXPECT_TRUE(read_files("bert", Json::object()).warnings.empty());
}

TEST(ImageProcessor, ReadsTheSpellingsOfOlderReleases) {
  const Json older{{"image_processor_type", nullptr},
                   {"feature_extractor_type", "CLIPFeatureExtractor"},
                   {"size", 20},
                   {"crop_size", 15},
                   {"do_rescale", nullptr},
                   {"rescale_factor", nullptr}};
  expect_clip_processor(read_changed(older));
  expect_clip_processor(read_changed({{"resample", "bilinear"}, {"crop_size", {15, 15}}}));
  expect_clip_processor(read_changed({{"image_processor_type", "CLIPImageProcessorFast"},
                                      {"device", "cuda"},
                                      {"data_format", "channels_first"},
                                      {"input_data_format", "channels_last"},
                                      {"disable_grouping", true},
                                      {"return_tensors", "pt"}}));
}

TEST(ImageProcessor, OneNumberAsSizeMeansWhatItsClassSays) {
  const Json vit{{"image_processor_type", "ViTImageProcessor"},
                 {"size", kSide},
                 {"do_center_crop", nullptr},
                 {"crop_size", nullptr}};
  EXPECT_EQ(read_changed(vit).config.transform.resize_mode, ResizeMode::kSquash);
  // SigLIP's class means the shorter side, and no crop makes that a square.
  Json siglip = vit;
  siglip["image_processor_type"] = "SiglipImageProcessor";
  test::expect_refused_field("crop_size", [&] { (void)read_changed(siglip); });
}

TEST(ImageProcessor, OtherScalesOfBytesAreReckonedIntoMeanAndStd) {
  const auto plain = read_changed({{"do_normalize", false}}).config.model.image;
  EXPECT_EQ(plain.mean, (std::array<double, 3>{0.0, 0.0, 0.0}));
  EXPECT_EQ(plain.std, (std::array<double, 3>{1.0, 1.0, 1.0}));
  const auto doubled = read_changed({{"rescale_factor", 2.0 / 255}}).config.model.image;
  EXPECT_DOUBLE_EQ(doubled.mean[0], 0.25);
  EXPECT_DOUBLE_EQ(doubled.std[2], 0.2);
}

TEST(ImageProcessor, TransparencyIsLaidOnWhiteWhereItConvertsToRgb) {
  const auto background = [](const Json& changes) {
    return read_changed(changes).config.transform.background;
  };
  const Json vit{{"image_processor_type", "ViTImageProcessor"},
                 {"size", {{"height", kSide}, {"width", kSide}}},
                 {"do_convert_rgb", nullptr}};
  EXPECT_EQ(background(Json::object()), "white");
  EXPECT_EQ(background({{"do_convert_rgb", nullptr}}), "white");  // left out: its class converts
  EXPECT_EQ(background({{"do_convert_rgb", false}}), "drop");
  EXPECT_EQ(background(vit), "drop");
  Json null = clip_processor();
  null["do_convert_rgb"] = nullptr;  // written as null: it does not
  const auto written = read_files("clip_laion", {{"preprocessor_config.json", null}});
  EXPECT_EQ(written.config.transform.background, "drop");
}

TEST(ImageProcessor, RefusesWhatGivesOtherPixels) {
  const auto refused = [](const std::string& field, const Json& changes) {
    test::expect_refused_field(field, [&] { (void)read_changed(changes); });
  };
  refused("image_processor_type", {{"image_processor_type", "ConvNextImageProcessor"}});
  refused("do_flip_channel_order", {{"do_flip_channel_order", true}});
  refused("do_resize", {{"do_resize", false}});
  refused("resample", {{"resample", "hamming"}});
  refused("pad_size", {{"pad_size", {{"height", 32}, {"width", 32}}}});
  refused("size", {{"size", {{"longest_edge", 30}}}});
}

}  // namespace
}  // namespace tandem
