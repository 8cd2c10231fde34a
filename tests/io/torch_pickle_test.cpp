#include "tandem/io/torch_pickle.h"

#include <cstring>
#include <filesystem>
#include <functional>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "core/expect_error.h"
#include "core/temporary_folder.h"
#include "tandem/core/files.h"

namespace tandem {
namespace {

std::string little(uint64_t value, size_t bytes) {
  std::string text;
  for (size_t i = 0; i < bytes; ++i)
    text += i < 8 ? static_cast<char>(value >> (8 * i) & 255) : '\0';
  return text;
}

/// A zip archive of stored entries.
std::string zip(const std::vector<std::pair<std::string, std::string>>& files, int method = 0) {
  std::string body, directory;
  for (const auto& [name, content] : files) {
    const std::string common = little(0, 2) + little(static_cast<uint64_t>(method), 2) +
                               little(0, 8) + little(content.size(), 4) +
                               little(content.size(), 4) + little(name.size(), 2);
    const std::string version = little(20, 2), offset = little(body.size(), 4);
    for (const std::string& part :
         {std::string("PK\x01\x02"), version, version, common, little(0, 12), offset, name})
      directory += part;
    for (const std::string& part :
         {std::string("PK\x03\x04"), version, common, little(0, 2), name, content})
      body += part;
  }
  return body + directory + "PK\x05\x06" + little(0, 4) + little(files.size(), 2) +
         little(files.size(), 2) + little(directory.size(), 4) + little(body.size(), 4) +
         little(0, 2);
}

std::string text(const std::string& value) { return "X" + little(value.size(), 4) + value; }
std::string number(int value) { return "J" + little(static_cast<uint32_t>(value), 4); }
std::string global(const std::string& module, const std::string& name) {
  return "c" + module + "\n" + name + "\n";
}
std::string storage(int size, const std::string& type = "FloatStorage") {
  return "(" + text("storage") + global("torch", type) + text("0") + text("cpu") + number(size) +
         "tQ";
}
/// A tensor of two dimensions in storage 0.
std::string tensor(const std::string& in, int offset, std::array<int, 2> shape,
                   std::array<int, 2> strides) {
  return global("torch._utils", "_rebuild_tensor_v2") + "(" + in + number(offset) +
         number(shape[0]) + number(shape[1]) + "\x86" + number(strides[0]) + number(strides[1]) +
         "\x86\x89" + global("collections", "OrderedDict") + ")RtR";
}
std::string state_dict(const std::string& value) { return "\x80\x02}(" + text("w") + value + "u."; }

class TorchPickle : public testing::Test {
 protected:
  [[nodiscard]] TensorMap load(const std::string& pickle, const std::string& data) const {
    return load_bytes(zip({{"archive/data.pkl", pickle}, {"archive/data/0", data}}));
  }
  [[nodiscard]] TensorMap load_bytes(const std::string& bytes) const {
    write_file_atomically(folder_ / "model.pt", bytes);
    return load_torch_pickle(folder_ / "model.pt").tensors;
  }
  void refuses(const ErrorParts& parts, const std::string& pickle) const {
    expect_error(ErrorKind::kCheckpoint, parts, [&] { (void)load(pickle, std::string(24, '\0')); });
  }
  TemporaryFolder folder_;
};

TEST_F(TorchPickle, ReadsATensorWithItsStrides) {
  const torch::Tensor values = torch::arange(6, torch::kFloat32);
  std::string data(24, '\0');
  std::memcpy(data.data(), values.data_ptr(), 24);
  const TensorMap plain = load(state_dict(tensor(storage(6), 0, {2, 3}, {3, 1})), data);
  EXPECT_TRUE(torch::equal(plain.at("w"), values.view({2, 3})));
  const TensorMap turned = load(state_dict(tensor(storage(6), 0, {3, 2}, {1, 3})), data);
  EXPECT_TRUE(torch::equal(turned.at("w"), values.view({2, 3}).t()));
  const TensorMap part = load(state_dict(tensor(storage(6), 2, {2, 2}, {2, 1})), data);
  EXPECT_TRUE(torch::equal(part.at("w"), values.slice(0, 2).view({2, 2})));
}

// Whatever a class is called with, it becomes an object that is left out; a real reader would have
// run it.
TEST_F(TorchPickle, RunsNothing) {
  const std::string good = text("w") + tensor(storage(6), 0, {2, 3}, {3, 1});
  const std::string classes[] = {global("os", "system") + "(" + text("true") + "tR",
                                 global("posix", "system") + text("true") + "\x85R",
                                 "\x8c\x08"
                                 "builtins"
                                 "\x8c\x04"
                                 "eval"
                                 "\x93" +
                                     text("1") + "\x85R",
                                 global("torch._utils", "_rebuild_qtensor") + ")R",
                                 "(" + text("true") + "ios\nsystem\n",
                                 "(" + global("os", "system") + text("true") + "o",
                                 global("os", "system") + text("true") + "\x85\x81",
                                 global("os", "system") + text("true") + "\x85}\x92",
                                 global("torch", "FloatStorage") + ")R",
                                 "\x82\x01",
                                 "P0\n",
                                 text("x") + "}b"};
  for (const std::string& each : classes) {
    write_file_atomically(
        folder_ / "model.pt",
        zip({{"archive/data.pkl", "\x80\x04}(" + good + text("other") + each + "u."},
             {"archive/data/0", std::string(24, '\0')}}));
    const TorchFile file = load_torch_pickle(folder_ / "model.pt");
    EXPECT_EQ(file.tensors.size(), 1U);
    EXPECT_TRUE(file.unread.contains("other")) << each;
  }
  refuses({.what = "a tensor's storage"},
          state_dict(tensor(global("os", "system") + ")R", 0, {1, 1}, {1, 1})));
}

class Checkpoint : public testing::TestWithParam<const char*> {};

// scripts/make_golden_checkpoints.py
std::filesystem::path checkpoint(const std::string& name) {
  return std::filesystem::path(TANDEM_SOURCE_DIR) / "tests" / "golden" / "checkpoints" / name;
}

TEST_P(Checkpoint, GivesItsWeights) {
  const TorchFile file = load_torch_pickle(checkpoint(GetParam()));
  const std::string prefix = file.tensors.contains("w") ? "" : "module.";
  EXPECT_EQ(file.tensors.size(), 2U);
  ASSERT_TRUE(file.tensors.contains(prefix + "w"));
  EXPECT_TRUE(torch::equal(file.tensors.at(prefix + "w"), torch::arange(6.0).view({2, 3})));
  ASSERT_TRUE(file.tensors.contains(prefix + "layer.b"));
  EXPECT_TRUE(torch::equal(file.tensors.at(prefix + "layer.b"), torch::arange(3.0)));
}

INSTANTIATE_TEST_SUITE_P(TorchPickle, Checkpoint,
                         testing::Values("plain.pt", "old_format.pt", "protocol_4.pt",
                                         "whole_module.pt", "torchscript.pt", "attributes.pt",
                                         "nested.pt", "trainer.pt", "trainer_old_format.pt"));

TEST_F(TorchPickle, SaysWhereTheWeightsWereAndWhatWasLeftOut) {
  const TorchFile trainer = load_torch_pickle(checkpoint("trainer.pt"));
  EXPECT_EQ(trainer.entry, "state_dict");
  EXPECT_EQ(trainer.left_out,
            (std::vector<std::string>{"epoch", "name", "args", "optimizer", "scheduler", "scaler",
                                      "best", "history", "random", "counts"}));
  EXPECT_EQ(load_torch_pickle(checkpoint("nested.pt")).entry, "model.state_dict");
  const TorchFile attributes = load_torch_pickle(checkpoint("attributes.pt"));
  EXPECT_EQ(attributes.unread.at("quantised"), R"(made by "torch._utils._rebuild_qtensor")");
  EXPECT_EQ(attributes.unread.at("version"), "no tensor");
}

TEST_F(TorchPickle, NamesWhatIsThereWithoutAStateDict) {
  expect_error(ErrorKind::kCheckpoint, {.what = R"(only "epoch", "optimizer")"},
               [] { (void)load_torch_pickle(checkpoint("no_weights.pt")); });
  expect_error(ErrorKind::kCheckpoint,
               {.what = R"(object of "argparse.Namespace" without weights)"},
               [] { (void)load_torch_pickle(checkpoint("arguments.pt")); });
  expect_error(ErrorKind::kCheckpoint, {.what = R"("student", "teacher")"},
               [] { (void)load_torch_pickle(checkpoint("two_models.pt")); });
}

TEST_F(TorchPickle, RefusesTensorsOutsideTheirStorage) {
  const ErrorParts parts{.what = "exceeds its storage"};
  refuses(parts, state_dict(tensor(storage(6), 0, {2, 4}, {4, 1})));
  refuses(parts, state_dict(tensor(storage(6), 4, {1, 3}, {3, 1})));
  refuses(parts, state_dict(tensor(storage(6), -1, {1, 1}, {1, 1})));
  refuses(parts, state_dict(tensor(storage(6), 0, {-2, 3}, {3, 1})));
  refuses(parts, state_dict(tensor(storage(6), 0, {2, 3}, {-3, 1})));
  refuses(parts, state_dict(tensor(storage(6), 0, {2'000'000'000, 2'000'000'000}, {0, 0})));
  refuses({.what = "the wrong size"}, state_dict(tensor(storage(7), 0, {2, 3}, {3, 1})));
  refuses({.what = "the wrong size"},
          state_dict(tensor(storage(6, "HalfStorage"), 0, {2, 3}, {3, 1})));
}

TEST_F(TorchPickle, RefusesAWholeThatIsFarLargerThanItsFile) {
  const std::string one = tensor(storage(1000), 0, {10, 100}, {100, 1});
  std::string pickle = "\x80\x02}(";
  for (const std::string& part : {text("a"), one, std::string("q"), little(7, 1)}) pickle += part;
  for (int i = 0; i < 400; ++i) {
    pickle += text(fmt::format("b{}", i));
    pickle += 'h';
    pickle += little(7, 1);
  }
  pickle += "u.";
  expect_error(ErrorKind::kCheckpoint, {.what = "far larger"},
               [&] { (void)load(pickle, std::string(4000, '\0')); });
}

// What refers to itself or is made of one part many times must cost no more than its bytes.
TEST_F(TorchPickle, RefusesProgramsThatGrowWithoutEnd) {
  const std::string remember = "q\x01", recall = "h\x01";
  refuses({.what = "nested too deep"}, "\x80\x02}" + remember + text("state_dict") + recall + "s(" +
                                           text("w") + tensor(storage(6), 0, {2, 3}, {3, 1}) +
                                           "u.");
  const std::string module = global("a", "Module") + ")\x81" + remember;
  refuses({.what = "nested too deep"},
          "\x80\x02" + module + "}(" + text("_modules") + "}(" + text("a") + recall + "uub.");
  // Twenty levels of ten references each to the level below.
  std::string tower = "\x80\x02}" + std::string("q") + '\0';
  for (char level = 1; level <= 20; ++level) {
    tower += "}(";
    for (int i = 0; i < 10; ++i) tower += text("m" + std::to_string(i)) + "h" + char(level - 1);
    tower += std::string("uq") + level;
  }
  refuses({.what = "no state dict"}, tower + ".");
  std::string pairs = "\x80\x02](";
  for (int i = 0; i < 3000; ++i) pairs += text("k") + "N\x86";
  pairs += "eq\x01";
  for (int i = 0; i < 3000; ++i) pairs += global("collections", "OrderedDict") + recall + "\x85R";
  refuses({.what = "more than 5 million"}, pairs + ".");
}

TEST_F(TorchPickle, RefusesBrokenPrograms) {
  refuses({.what = "is truncated"}, "\x80\x02}(X");
  refuses({.what = "is truncated"}, "\x80\x02");
  refuses({.what = "empty stack"}, "\x80\x02.");
  refuses({.what = "pops a mark"}, "\x80\x02t.");
  refuses({.what = "empty memo slot"}, "\x80\x02h\x05.");
  refuses({.what = "not hold a dictionary"}, "\x80\x02" + text("x") + ".");
  refuses({.what = R"(only "w")"}, state_dict(number(3)));
  refuses({.what = "key without a value"}, "\x80\x02}(" + text("x") + "u.");
  refuses({.what = "newer"}, "\x80\x09}.");
}

TEST_F(TorchPickle, RefusesOtherFilesAndArchives) {
  const auto expect = [&](const ErrorParts& parts, const std::string& bytes) {
    expect_error(ErrorKind::kCheckpoint, parts, [&] { (void)load_bytes(bytes); });
  };
  expect({.what = "not a file of torch.save"}, "\x80\x02}q.");
  expect({.found = "Git LFS pointer"}, "version https://git-lfs.github.com/spec/v1\noid sha256:0");
  expect({.what = "not a zip archive"}, "PK but nothing else");
  expect({.what = "no data.pkl"}, zip({{"archive/other", "x"}}));
  expect({.what = "compressed"}, zip({{"archive/data.pkl", "}."}}, 8));
  expect({.what = "appears twice"}, zip({{"archive/data.pkl", "}."}, {"archive/data.pkl", "}."}}));
  expect({.what = "little-endian"},
         zip({{"archive/data.pkl", "}."}, {"archive/byteorder", "big"}}));
  expect({.what = "is missing"},
         zip({{"archive/data.pkl", state_dict(tensor(storage(6), 0, {2, 3}, {3, 1}))}}));
}

TEST_F(TorchPickle, EveryCutOfAnOldFileIsAnErrorNotACrash) {
  const std::string whole = read_file(checkpoint("trainer_old_format.pt"));
  for (size_t length = 0; length < whole.size(); length += 97)
    EXPECT_THROW((void)load_bytes(whole.substr(0, length)), Error) << length;
}

TEST_F(TorchPickle, EveryCutOfAnArchiveIsAnErrorNotACrash) {
  const std::string whole =
      zip({{"archive/data.pkl", state_dict(tensor(storage(6), 0, {2, 3}, {3, 1}))},
           {"archive/data/0", std::string(24, '\0')}});
  for (size_t length = 0; length < whole.size(); length += 7) {
    write_file_atomically(folder_ / "cut.pt", whole.substr(0, length));
    EXPECT_THROW((void)load_torch_pickle(folder_ / "cut.pt"), Error) << length;
  }
  for (size_t at = 0; at < whole.size(); at += 3) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 0x55);
    write_file_atomically(folder_ / "flipped.pt", changed);
    try {
      (void)load_torch_pickle(folder_ / "flipped.pt");
    } catch (const Error&) {  // a flipped number may go unseen, but nothing else may happen
    }
  }
}

}  // namespace
}  // namespace tandem
