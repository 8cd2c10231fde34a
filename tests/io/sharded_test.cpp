#include <filesystem>

#include <gtest/gtest.h>
#include <torch/types.h>

#include "core/expect_error.h"
#include "core/temporary_folder.h"
#include "tandem/core/files.h"
#include "tandem/io/safetensors.h"
#include "tandem/io/torch_pickle.h"

namespace tandem {
namespace {

class Sharded : public testing::Test {
 protected:
  Sharded() {
    save_safetensors(folder_ / "a.safetensors",
                     {{"x", torch::arange(3)}, {"y", torch::zeros({2})}});
    save_safetensors(folder_ / "b.safetensors", {{"z", torch::ones({1})}});
  }
  [[nodiscard]] TensorMap load(const std::string& index) const {
    write_file_atomically(folder_ / "model.safetensors.index.json", index);
    return load_sharded_safetensors(folder_ / "model.safetensors.index.json");
  }
  void refuses(const ErrorParts& parts, const std::string& index) const {
    expect_error(ErrorKind::kCheckpoint, parts, [&] { (void)load(index); });
  }
  TemporaryFolder folder_;
};

TEST_F(Sharded, ReadsEveryShard) {
  const TensorMap all = load(R"({"metadata": {"total_size": 36}, "weight_map":
      {"x": "a.safetensors", "y": "a.safetensors", "z": "b.safetensors"}})");
  EXPECT_EQ(all.size(), 3U);
  EXPECT_TRUE(torch::equal(all.at("x"), torch::arange(3)));
}

TEST_F(Sharded, RefusesAnIndexThatDisagrees) {
  refuses({.what = "does not list for it"}, R"({"weight_map": {"x": "a.safetensors"}})");
  refuses({.what = "is not in"}, R"({"weight_map": {"x": "a.safetensors", "y": "a.safetensors",
                                          "w": "b.safetensors", "z": "b.safetensors"}})");
  refuses({.what = "no weight_map"}, R"({"weights": {}})");
  refuses({.what = "no weight_map"}, "not json");
}

TEST_F(Sharded, ReadsShardsOfTorchSave) {
  const auto golden = std::filesystem::path(TANDEM_SOURCE_DIR) / "tests/golden/checkpoints";
  std::filesystem::copy_file(golden / "plain.pt", folder_ / "pytorch_model-00001-of-00001.bin");
  const auto index = folder_ / "pytorch_model.bin.index.json";
  write_file_atomically(index, R"({"weight_map": {"w": "pytorch_model-00001-of-00001.bin",
                                                  "layer.b": "pytorch_model-00001-of-00001.bin"}})");
  EXPECT_TRUE(torch::equal(load_sharded_torch_pickle(index).at("layer.b"), torch::arange(3.0)));
  write_file_atomically(index, R"({"weight_map": {"w": "a.safetensors"}})");
  expect_error(ErrorKind::kCheckpoint, {.what = "not a .bin file beside"},
               [&] { (void)load_sharded_torch_pickle(index); });
}

TEST_F(Sharded, LooksBesideTheIndexOnly) {
  for (const char* shard :
       {"../a.safetensors", "/etc/a.safetensors", "sub/a.safetensors", "a.bin", ""})
    refuses({.what = "not a .safetensors file beside"},
            std::string(R"({"weight_map": {"x": ")") + shard + "\"}}");
  expect_error(ErrorKind::kMissingInput, {.where = "c.safetensors"},
               [&] { (void)load(R"({"weight_map": {"x": "c.safetensors"}})"); });
}

}  // namespace
}  // namespace tandem
