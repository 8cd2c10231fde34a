#include <fstream>

#include "core/expect_error.h"
#include "core/temporary_folder.h"
#include "interop/foreign_config.h"

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
  expect_error(ErrorKind::kCheckpoint, "config.json: the JSON is nested too deeply",
               [&] { (void)read_hugging_face_config(folder.path(), request); });
  expect_error(ErrorKind::kCheckpoint, "open_clip_config.json: the JSON is nested too deeply",
               [&] { (void)read_open_clip_config(folder.path(), request); });
}

TEST(ForeignConfig, ShortensTheValuesItRefuses) {
  const TemporaryFolder folder;
  std::string list = "[0";
  for (int i = 0; i < 100'000; ++i) list += ",0";
  std::ofstream(folder / "config.json")
      << "{\"model_type\": \"vit\", \"hidden_size\": " + list + "]}";
  const ForeignRequest request{.names = {}, .shapes = {}};
  const std::string text = expect_error(ErrorKind::kCheckpoint, "hidden_size", [&] {
    (void)read_hugging_face_config(folder.path(), request);
  });
  EXPECT_LT(text.size(), 1000U);
}

}  // namespace
}  // namespace tandem
