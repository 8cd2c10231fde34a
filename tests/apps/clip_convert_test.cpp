#include <filesystem>

#include <gtest/gtest.h>

#include "apps/run_program.h"
#include "apps/workshop.h"
#include "core/temporary_folder.h"

namespace tandem::test {
namespace {

namespace fs = std::filesystem;

std::string golden(const std::string& family) {
  return std::string(TANDEM_SOURCE_DIR) + "/tests/golden/interop/" + family;
}

class ClipConvert : public ::testing::Test {
 protected:
  [[nodiscard]] std::string at(const std::string& name) const { return (folder_ / name).string(); }
  TemporaryFolder folder_;
};

TEST_F(ClipConvert, BringsAModelInAndOutAgainVerified) {
  const std::string reference = golden("clip_openai") + "/reference.safetensors";
  const ProgramResult in =
      run_program("clip-convert", {"--from", "hf", "--input", golden("clip_openai"), "--output",
                                   at("model"), "--verify", reference, "--table"});
  ASSERT_EQ(in.exit_code, 0) << in.err << in.out;
  for (const char* part : {"from Hugging Face CLIP: 74 tensors", "logits_per_image differs by",
                           "text.layers.0.attention.qkv.weight | "
                           "text_model.encoder.layers.0.self_attn.q_proj.weight + ",
                           "| visual_projection.weight | [7, 10] | as is"})
    EXPECT_NE(in.out.find(part), std::string::npos) << part << "\n" << in.out;
  for (const char* name : {"model.safetensors", "config.json", "golden.safetensors", "README.md"})
    EXPECT_TRUE(fs::exists(folder_ / "model" / name)) << name;

  const ProgramResult out =
      run_program("clip-convert", {"--from", "tandem", "--to", "hf", "--input", at("model"),
                                   "--output", at("back"), "--verify"});
  ASSERT_EQ(out.exit_code, 0) << out.err << out.out;
  EXPECT_NE(out.out.find("read back from the output: ok"), std::string::npos) << out.out;
  const std::string tensors = read_text(folder_ / "back" / "model.safetensors");
  const std::string original = read_text(golden("clip_openai") + "/model.safetensors");
  EXPECT_EQ(tensors.size() > 1000, true);
  // Same tensors, in an order of its own.
  EXPECT_NEAR(static_cast<double>(tensors.size()), static_cast<double>(original.size()), 512);

  const ProgramResult other =
      run_program("clip-convert", {"--from", "tandem", "--to", "open_clip", "--input", at("model"),
                                   "--output", at("open"), "--verify"});
  EXPECT_EQ(other.exit_code, 0) << other.err;
  EXPECT_TRUE(fs::exists(folder_ / "open" / "open_clip_config.json"));
}

TEST_F(ClipConvert, ReplacesNothingWithoutForce) {
  const std::vector<std::string> arguments = {"--from",      "hf",       "--input",
                                              golden("vit"), "--output", at("model")};
  ASSERT_EQ(run_program("clip-convert", arguments).exit_code, 0);
  const ProgramResult again = run_program("clip-convert", arguments);
  EXPECT_EQ(again.exit_code, 73);
  EXPECT_NE(again.err.find("--force"), std::string::npos) << again.err;
  std::vector<std::string> forced = arguments;
  forced.emplace_back("--force");
  write_text(folder_ / "model" / "my notes.txt", "mine");
  write_text(folder_ / "model" / "vocab.txt", "of an older model");
  EXPECT_EQ(run_program("clip-convert", forced).exit_code, 0);
  EXPECT_EQ(read_text(folder_ / "model" / "my notes.txt"), "mine");
  EXPECT_FALSE(fs::exists(folder_ / "model" / "vocab.txt"));
}

TEST_F(ClipConvert, ForceReplacesModelsOnlyAndNeverTheInput) {
  fs::create_directories(folder_ / "work" / "notes");
  fs::copy(golden("vit"), folder_ / "work" / "in", fs::copy_options::recursive);
  write_text(folder_ / "work" / "notes" / "precious.txt", "mine");
  const auto convert_to = [&](const std::string& output) {
    return run_program("clip-convert", {"--from", "hf", "--input", at("work/in"), "--output",
                                        at(output), "--force"});
  };
  for (const char* output : {"work", "work/in/out", "work/in/", "work/notes/../in"}) {
    const ProgramResult result = convert_to(output);
    EXPECT_EQ(result.exit_code, 64) << output << result.err;
  }
  const ProgramResult notes = convert_to("work/notes");
  EXPECT_EQ(notes.exit_code, 73) << notes.err;
  EXPECT_NE(notes.err.find("is not a model"), std::string::npos) << notes.err;
  EXPECT_EQ(read_text(folder_ / "work" / "notes" / "precious.txt"), "mine");
  EXPECT_TRUE(fs::exists(folder_ / "work" / "in" / "config.json"));
}

TEST_F(ClipConvert, WritesThroughALinkToAFolder) {
  fs::create_directories(folder_ / "disk");
  fs::create_directory_symlink("disk", folder_ / "model");
  fs::create_directory_symlink("nowhere", folder_ / "broken");
  const std::vector<std::string> start = {"--from", "hf", "--input", golden("vit"), "--output"};
  const auto convert_to = [&](const std::string& output) {
    std::vector<std::string> arguments = start;
    arguments.push_back(output);
    return run_program("clip-convert", arguments);
  };
  const ProgramResult result = convert_to(at("model/"));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(fs::is_symlink(folder_ / "model"));
  EXPECT_TRUE(fs::exists(folder_ / "disk" / "model.safetensors"));
  EXPECT_EQ(convert_to(at("broken")).exit_code, 73);
  EXPECT_TRUE(fs::is_symlink(folder_ / "broken"));
}

TEST_F(ClipConvert, EndsInAnErrorOnAnyDoubtAndLeavesNothing) {
  // A reference that another model made.
  const ProgramResult wrong = run_program(
      "clip-convert", {"--from", "hf", "--input", golden("clip_openai"), "--output", at("model"),
                       "--verify", golden("clip_laion") + "/reference.safetensors"});
  EXPECT_EQ(wrong.exit_code, 65);
  EXPECT_NE(wrong.out.find("TOO MUCH"), std::string::npos) << wrong.out;
  EXPECT_FALSE(fs::exists(folder_ / "model"));

  const ProgramResult pickle =
      run_program("clip-convert",
                  {"--from", "hf", "--input", golden("roberta_pickle"), "--output", at("model")});
  EXPECT_EQ(pickle.exit_code, 65);
  EXPECT_NE(pickle.err.find("--allow-pickle"), std::string::npos) << pickle.err;

  // A patch embedding with a bias, which open_clip's vision tower does not have.
  const ProgramResult out =
      run_program("clip-convert", {"--from", "tandem", "--to", "open_clip", "--input",
                                   trained_model().string(), "--output", at("out")});
  EXPECT_EQ(out.exit_code, 78);
  EXPECT_NE(out.err.find("model.image.patch_bias: "), std::string::npos) << out.err;
  EXPECT_FALSE(fs::exists(folder_ / "out"));
}

TEST_F(ClipConvert, ExportsATrainedModelWithItsTokenizerAndReadsItBack) {
  const std::string model = trained_model().string();
  const ProgramResult out = run_program(
      "clip-convert",
      {"--from", "tandem", "--to", "hf", "--input", model, "--output", at("hf"), "--verify"});
  ASSERT_EQ(out.exit_code, 0) << out.err << out.out;
  for (const char* part : {"trust_remote_code=True", "tokenizer: tokenizer.json",
                           "get other ids from the tokenizer that was written: ok"})
    EXPECT_NE(out.out.find(part), std::string::npos) << part << "\n" << out.out;
  for (const char* name : {"modeling_tandem.py", "image_processing_tandem.py", "tokenizer.json",
                           "tokenizer_config.json", "special_tokens_map.json"})
    EXPECT_TRUE(fs::exists(folder_ / "hf" / name)) << name;
  const ProgramResult back = run_program(
      "clip-convert", {"--from", "hf", "--input", at("hf"), "--output", at("back"), "--verify"});
  ASSERT_EQ(back.exit_code, 0) << back.err;

  write_text(folder_ / "texts.txt", "a red circle\nA  Blue square\n");
  std::vector<std::string> embeddings;
  for (const std::string& each : {model, at("back")}) {
    const std::string output = at("embeddings" + std::to_string(embeddings.size()));
    const ProgramResult embedded = run_program(
        "clip-embed",
        {"--model", each, "--texts", at("texts.txt"), "--output", output, "--dtype", "float32"});
    ASSERT_EQ(embedded.exit_code, 0) << embedded.err;
    embeddings.push_back(read_text(fs::path(output) / "text_emb" / "text_emb_0.npy"));
  }
  EXPECT_EQ(embeddings[0], embeddings[1]);
}

TEST_F(ClipConvert, SaysWhatBecomesOfTransparencyByOrigin) {
  const auto background_of = [&](const std::string& from, const std::string& family) {
    const std::string output = at("model_" + family);
    const ProgramResult result = run_program(
        "clip-convert", {"--from", from, "--input", golden(family), "--output", output});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    const std::string config = read_text(output + "/config.json");
    const std::string key = "\"background\": \"";
    const size_t begin = config.find(key);
    if (begin == std::string::npos) return std::string("nothing");
    const size_t value = begin + key.size();
    return config.substr(value, config.find('"', value) - value);
  };
  EXPECT_EQ(background_of("hf", "clip_openai"), "white");
  EXPECT_EQ(background_of("hf", "siglip"), "white");
  EXPECT_EQ(background_of("hf", "vit"), "drop");
  EXPECT_EQ(background_of("open_clip", "open_clip_vit"), "drop_after_resize");
}

TEST_F(ClipConvert, WarnsWhereNothingSaysHowPicturesArePrepared) {
  fs::copy(golden("clip_openai"), folder_ / "in", fs::copy_options::recursive);
  fs::remove(folder_ / "in" / "preprocessor_config.json");
  const ProgramResult result =
      run_program("clip-convert", {"--from", "hf", "--input", at("in"), "--output", at("model")});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find("warning: nothing in "), std::string::npos) << result.out;
}

}  // namespace
}  // namespace tandem::test
