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
    return load_torch_pickle(folder_ / "model.pt");
  }
  void refuses(const std::string& part, const std::string& pickle) const {
    expect_error(ErrorKind::kCheckpoint, part, [&] { (void)load(pickle, std::string(24, '\0')); });
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

TEST_F(TorchPickle, RunsNothing) {
  refuses("os.system", state_dict(global("os", "system") + "(" + text("true") + "tR"));
  refuses("posix.system", state_dict(global("posix", "system") + text("true") + "\x85R"));
  refuses("builtins.eval",
          "\x80\x04"
          "\x8c\x08"
          "builtins"
          "\x8c\x04"
          "eval"
          "\x93.");
  refuses("torch._utils._rebuild_qtensor", state_dict(global("torch._utils", "_rebuild_qtensor")));
  // INST, OBJ, NEWOBJ, EXT1 and a persistent id as text.
  for (const char* op : {"i", "o", "\x81", "\x82\x01", "P0\n", "\x92", "I1\n"})
    refuses("instruction", "\x80\x02(" + std::string(op) + ".");
  refuses("calls", state_dict(global("torch", "FloatStorage") + ")R"));
  refuses("state of an object", "\x80\x02}" + text("x") + "b.");
}

TEST_F(TorchPickle, RefusesTensorsOutsideTheirStorage) {
  const std::string part = "reaches outside";
  refuses(part, state_dict(tensor(storage(6), 0, {2, 4}, {4, 1})));
  refuses(part, state_dict(tensor(storage(6), 4, {1, 3}, {3, 1})));
  refuses(part, state_dict(tensor(storage(6), -1, {1, 1}, {1, 1})));
  refuses(part, state_dict(tensor(storage(6), 0, {-2, 3}, {3, 1})));
  refuses(part, state_dict(tensor(storage(6), 0, {2, 3}, {-3, 1})));
  refuses(part, state_dict(tensor(storage(6), 0, {2'000'000'000, 2'000'000'000}, {0, 0})));
  refuses("another size", state_dict(tensor(storage(7), 0, {2, 3}, {3, 1})));
  refuses("another size", state_dict(tensor(storage(6, "HalfStorage"), 0, {2, 3}, {3, 1})));
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
  expect_error(ErrorKind::kCheckpoint, "far larger",
               [&] { (void)load(pickle, std::string(4000, '\0')); });
}

TEST_F(TorchPickle, RefusesBrokenPrograms) {
  refuses("cut", "\x80\x02}(X");
  refuses("cut", "\x80\x02");
  refuses("empty stack", "\x80\x02.");
  refuses("no mark", "\x80\x02t.");
  refuses("never remembered", "\x80\x02h\x05.");
  refuses("no dictionary", "\x80\x02" + text("x") + ".");
  refuses("is no tensor", state_dict(number(3)));
  refuses("key without a value", "\x80\x02}(" + text("x") + "u.");
  refuses("more than 64 bits",
          "\x80\x02\x8a\x09"
          "123456789.");
  refuses("newer", "\x80\x09}.");
}

TEST_F(TorchPickle, RefusesOtherFilesAndArchives) {
  const auto expect = [&](const std::string& part, const std::string& bytes) {
    expect_error(ErrorKind::kCheckpoint, part, [&] { (void)load_bytes(bytes); });
  };
  expect("not a PyTorch archive", "\x80\x02}q.");
  expect("not a zip archive", "PK but nothing else");
  expect("no data.pkl", zip({{"archive/other", "x"}}));
  expect("TorchScript", zip({{"archive/data.pkl", "}."}, {"archive/constants.pkl", "}."}}));
  expect("packed", zip({{"archive/data.pkl", "}."}}, 8));
  expect("twice", zip({{"archive/data.pkl", "}."}, {"archive/data.pkl", "}."}}));
  expect("little-endian", zip({{"archive/data.pkl", "}."}, {"archive/byteorder", "big"}}));
  expect("is missing",
         zip({{"archive/data.pkl", state_dict(tensor(storage(6), 0, {2, 3}, {3, 1}))}}));
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
