#include <fstream>

#include "core/expect_error.h"
#include "core/temporary_folder.h"
#include "interop/reading/foreign_config.h"
#include "interop/refused_field.h"

namespace tandem {
namespace {

TEST(ForeignConfig, RefusesJsonOfAnyDepth) {
  const TemporaryFolder folder;
  constexpr size_t kLevels = 1'000'000;
  const std::string deep =
      "{\"model_type\": " + std::string(kLevels, '[') + std::string(kLevels, ']') + "}";
  for (const char* name : {"config.json", "open_clip_config.json"})
    std::ofstream(folder / name) << deep;
  const ForeignRequest request{.names = {}, .shapes = {}};
  expect_error(ErrorKind::kCheckpoint,
               {.what = "the JSON is nested too deeply", .where = "/config.json"},
               [&] { (void)read_hugging_face_config(folder.path(), request); });
  expect_error(ErrorKind::kCheckpoint,
               {.what = "the JSON is nested too deeply", .where = "open_clip_config.json"},
               [&] { (void)read_open_clip_config(folder.path(), request); });
}

TEST(ForeignConfig, RefusesModulesOfAnyDepth) {
  const TemporaryFolder folder;
  std::ofstream(folder / "config.json") << R"({"model_type": "bert"})";
  std::ofstream(folder / "modules.json") << std::string(500'000, '[') + std::string(500'000, ']');
  expect_error(ErrorKind::kCheckpoint,
               {.what = "the JSON is nested too deeply", .where = "modules.json"},
               [&] { (void)read_hugging_face_config(folder.path(), {}); });
}

TEST(ForeignConfig, RefusesWholeNumbersThatOverflow) {
  const TemporaryFolder folder;
  const auto refuses = [&](const char* name, const std::string& text, const char* field) {
    std::ofstream(folder / name) << text;
    const auto read =
        std::string_view(name) == "config.json" ? read_hugging_face_config : read_open_clip_config;
    test::expect_refused_field(field, [&] { (void)read(folder.path(), {}); });
  };
  refuses("config.json", R"({"model_type": "roberta", "pad_token_id": 9223372036854775807})",
          "pad_token_id");
  refuses("config.json", R"({"model_type": "vit", "image_size": 18446744073709551615})",
          "image_size");
  refuses("open_clip_config.json", R"({"text_cfg": {"vocab_size": -9223372036854775808}})",
          "vocab_size");
  refuses("open_clip_config.json", R"({"text_cfg": {"mlp_ratio": 1e300}})", "mlp_ratio");
}

TEST(ForeignConfig, ShortensTheValuesItRefuses) {
  const TemporaryFolder folder;
  std::string list = "[0";
  for (int i = 0; i < 100'000; ++i) list += ",0";
  std::ofstream(folder / "config.json")
      << "{\"model_type\": \"vit\", \"hidden_size\": " + list + "]}";
  const ForeignRequest request{.names = {}, .shapes = {}};
  const Error error = test::expect_refused_field(
      "hidden_size", [&] { (void)read_hugging_face_config(folder.path(), request); });
  EXPECT_LT(std::string_view(error.what()).size(), 1000U);
}

}  // namespace
}  // namespace tandem
