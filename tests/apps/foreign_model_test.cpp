// Models of other libraries given as --model, and weights as they are found given to clip-convert.
#include <filesystem>

#include <gtest/gtest.h>

#include "apps/run_program.h"
#include "apps/workshop.h"
#include "core/temporary_folder.h"

namespace tandem::test {
namespace {

namespace fs = std::filesystem;

std::string golden(const std::string& family) {
  return std::string(TANDEM_SOURCE_DIR) + "/tests/golden/" + family;
}

class ForeignModel : public ::testing::Test {
 protected:
  ForeignModel() { draw_png(folder_ / "picture.png", {.shape = "circle", .red = 200}); }

  /// Embeds the picture into `output` with `cache` as the user's cache.
  [[nodiscard]] ProgramResult embed(const std::string& model, const std::string& output,
                                    const std::string& cache = "cache") const {
    return run_shell("XDG_CACHE_HOME=" + at(cache) + " {bin}/clip-embed --model " + model +
                     " --images " + at("picture.png") + " --output " + at(output));
  }
  [[nodiscard]] std::string embedding(const std::string& output) const {
    return read_text(folder_ / output / "img_emb" / "img_emb_0.npy");
  }
  [[nodiscard]] std::string at(const std::string& name) const { return (folder_ / name).string(); }
  TemporaryFolder folder_;
};

TEST_F(ForeignModel, IsConvertedOnceAndKept) {
  for (const char* family : {"interop/clip_openai", "interop/open_clip_vit"}) {
    const std::string name = fs::path(family).filename().string();
    const ProgramResult first = embed(golden(family), name + "_1");
    ASSERT_EQ(first.exit_code, 0) << first.err;
    EXPECT_NE(first.err.find("converted, and kept in " + at("cache")), std::string::npos)
        << first.err;
    const ProgramResult second = embed(golden(family), name + "_2");
    ASSERT_EQ(second.exit_code, 0) << second.err;
    EXPECT_EQ(second.err.find("converted"), std::string::npos) << second.err;
    const bool open_clip = name.starts_with("open_clip");
    const ProgramResult by_hand =
        run_program("clip-convert", {"--from", open_clip ? "open_clip" : "hf", "--input",
                                     golden(family), "--output", at(name)});
    ASSERT_EQ(by_hand.exit_code, 0) << by_hand.err;
    ASSERT_EQ(embed(at(name), name + "_3").exit_code, 0);
    EXPECT_EQ(embedding(name + "_1"), embedding(name + "_2"));
    EXPECT_EQ(embedding(name + "_1"), embedding(name + "_3"));
  }
}

TEST_F(ForeignModel, IsConvertedAgainWhenItsFilesChange) {
  fs::copy(golden("interop/clip_openai"), folder_ / "model", fs::copy_options::recursive);
  ASSERT_EQ(embed(at("model"), "first").exit_code, 0);
  fs::copy_file(golden("interop/clip_laion") + "/model.safetensors",
                folder_ / "model" / "model.safetensors", fs::copy_options::overwrite_existing);
  ASSERT_EQ(embed(at("model"), "second").exit_code, 0);
  EXPECT_NE(embedding("first"), embedding("second"));
}

TEST_F(ForeignModel, IsConvertedByTwoProgramsAtOnce) {
  const std::string start = "XDG_CACHE_HOME=" + at("cache") + " {bin}/clip-embed --model " +
                            golden("interop/clip_openai") + " --images " + at("picture.png") +
                            " --output ";
  const ProgramResult both =
      run_shell("(" + start + at("a") + "; echo $? > " + at("code") + ") & " + start + at("b") +
                " && wait && exit $(cat " + at("code") + ")");
  ASSERT_EQ(both.exit_code, 0) << both.err;
  EXPECT_EQ(embedding("a"), embedding("b"));
  const auto models = fs::directory_iterator(folder_ / "cache" / "tandem" / "models");
  EXPECT_EQ(std::distance(begin(models), end(models)), 1);
}

TEST_F(ForeignModel, ComesWithTheCommandThatConvertsIt) {
  write_text(folder_ / "file", "in the way of the cache");
  const ProgramResult blocked = embed(golden("interop/clip_openai"), "out", "file");
  EXPECT_EQ(blocked.exit_code, 73) << blocked.err;
  EXPECT_NE(blocked.err.find("clip-convert --from hf --input " + golden("interop/clip_openai")),
            std::string::npos)
      << blocked.err;
  const ProgramResult pickle = embed(golden("interop/roberta_pickle"), "out");
  EXPECT_EQ(pickle.exit_code, 65) << pickle.err;
  EXPECT_NE(pickle.err.find("roberta_pickle-tandem --allow-pickle"), std::string::npos)
      << pickle.err;
}

TEST_F(ForeignModel, IsExaminedByTheDoctor) {
  const ProgramResult result = run_shell("XDG_CACHE_HOME=" + at("cache") +
                                         " {bin}/clip-doctor --model " + golden("interop/siglip"));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find("the same model"), std::string::npos) << result.out;
}

TEST_F(ForeignModel, IsReadFromOneFileWithItsConfiguration) {
  fs::copy_file(golden("interop/open_clip_vit") + "/open_clip_model.safetensors",
                folder_ / "epoch_3.safetensors");
  const std::vector<std::string> start = {
      "--from", "open_clip", "--input", at("epoch_3.safetensors"), "--output", at("model")};
  const auto convert = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = start;
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_program("clip-convert", arguments);
  };
  const ProgramResult without = convert({});
  EXPECT_EQ(without.exit_code, 66);
  EXPECT_NE(without.err.find("--model-name"), std::string::npos) << without.err;
  const std::string folder = golden("interop/open_clip_vit");
  const ProgramResult with = convert({"--config", folder + "/open_clip_config.json", "--verify",
                                      folder + "/reference.safetensors"});
  EXPECT_EQ(with.exit_code, 0) << with.err << with.out;
}

}  // namespace
}  // namespace tandem::test
