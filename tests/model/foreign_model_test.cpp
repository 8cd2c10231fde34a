#include "tandem/model/foreign_model.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "core/expect_error.h"
#include "core/temporary_folder.h"
#include "tandem/core/files.h"
#include "tandem/model/model_directory.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

class ForeignModels : public testing::Test {
 protected:
  void put(const std::string& name, const std::string& content = "{}") const {
    write_file_atomically(folder_ / name, content);
  }
  [[nodiscard]] std::string command(const fs::path& path) const {
    const auto foreign = recognize_foreign_model(path);
    return foreign ? convert_command(path, *foreign) : "no model of others";
  }
  TemporaryFolder folder_;
};

TEST_F(ForeignModels, AreGivenTheCommandThatConvertsThem) {
  const std::string path = folder_.path().string();
  EXPECT_EQ(command(folder_.path()), "no model of others");
  put("config.json", R"({"model_type": "clip"})");
  put("model.safetensors");
  EXPECT_EQ(command(folder_.path()),
            "clip-convert --from hf --input " + path + " --output " + path + "-tandem");
  fs::remove(folder_ / "model.safetensors");
  put("pytorch_model.bin");
  EXPECT_EQ(command(path + "/"), "clip-convert --from hf --input " + path + " --output " + path +
                                     "-tandem --allow-pickle");
  put("open_clip_config.json");
  put("open_clip_model.safetensors");
  EXPECT_EQ(command(folder_.path()),
            "clip-convert --from open_clip --input " + path + " --output " + path + "-tandem");
}

TEST_F(ForeignModels, MayBeOneFile) {
  const std::string file = (folder_ / "epoch_3.pt").string();
  const std::string stem = (folder_ / "epoch_3").string();
  put("epoch_3.pt");
  EXPECT_EQ(command(file), "clip-convert --from open_clip --input " + file + " --output " + stem +
                               "-tandem --allow-pickle --model-name NAME");
  put("open_clip_config.json");
  EXPECT_EQ(command(file), "clip-convert --from open_clip --input " + file + " --output " + stem +
                               "-tandem --allow-pickle");
}

TEST_F(ForeignModels, CommandsAreReadyForAShell) {
  const ForeignModel foreign{.format = "hf"};
  EXPECT_EQ(
      convert_command("my models/Anna's", foreign),
      R"(clip-convert --from hf --input 'my models/Anna'\''s' --output 'my models/Anna'\''s-tandem')");
}

TEST_F(ForeignModels, AreNotLoadedAsOurs) {
  put("config.json", R"({"model_type": "clip", "projection_dim": 512})");
  put("model.safetensors");
  expect_error(ErrorKind::kMissingInput, {.hint = "clip-convert --from hf --input"},
               [&] { (void)load_model(folder_.path()); });
}

}  // namespace
}  // namespace tandem
