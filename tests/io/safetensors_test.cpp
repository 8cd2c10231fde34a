#include "tandem/io/safetensors.h"

#include <chrono>
#include <fstream>
#include <limits>

#include <gtest/gtest.h>
#include <torch/types.h>

#include "core/expect_error.h"
#include "core/temporary_folder.h"
#include "io/safetensors/safetensors_header.h"
#include "tandem/core/files.h"

namespace tandem {
namespace {

/// Quick, where a test writes hundreds of files that nobody needs to survive a power cut.
void write_bytes(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

TensorMap sample_tensors() {
  TensorMap tensors;
  for (const SafetensorsDtype& each : safetensors_dtypes()) {
    tensors["t." + std::string(each.name)] =
        torch::arange(6).remainder(2).reshape({2, 3}).to(each.dtype);
  }
  return tensors;
}

void expect_same(const TensorMap& left, const TensorMap& right) {
  ASSERT_EQ(left.size(), right.size());
  for (const auto& [name, tensor] : left) {
    ASSERT_TRUE(right.contains(name)) << name;
    EXPECT_EQ(tensor.scalar_type(), right.at(name).scalar_type()) << name;
    EXPECT_TRUE(torch::equal(tensor, right.at(name))) << name;
  }
}

TEST(Safetensors, RoundTripsEveryDtypeAndTheMetadata) {
  const TemporaryFolder folder;
  const TensorMap tensors = sample_tensors();
  save_safetensors(folder / "m.safetensors", tensors, {{"format", "pt"}, {"step", "7"}});
  const SafetensorsFile file = load_safetensors(folder / "m.safetensors");
  expect_same(tensors, file.tensors);
  EXPECT_EQ(file.metadata.at("format"), "pt");
  EXPECT_EQ(file.metadata.size(), 2U);
  EXPECT_EQ(folder.entries(), 1U);
}

TEST(Safetensors, RoundTripsScalarsEmptyTensorsAndNonFiniteNumbers) {
  const TemporaryFolder folder;
  const float infinity = std::numeric_limits<float>::infinity();
  const TensorMap tensors = {{"scalar", torch::tensor(1.5F)},
                             {"empty", torch::empty({0, 4})},
                             {"inf", torch::tensor({infinity, -infinity, -0.0F})}};
  save_safetensors(folder / "m", tensors);
  const SafetensorsFile file = load_safetensors(folder / "m");
  expect_same(tensors, file.tensors);
  EXPECT_EQ(file.tensors.at("scalar").dim(), 0);
  EXPECT_TRUE(file.metadata.empty());
  save_safetensors(folder / "none", {});
  EXPECT_TRUE(load_safetensors(folder / "none").tensors.empty());
}

TEST(Safetensors, WritesWhatItSeesOfViewsAndGradientTensors) {
  const TemporaryFolder folder;
  const torch::Tensor matrix = torch::arange(12, torch::kFloat32).reshape({3, 4});
  const TensorMap tensors = {{"transposed", matrix.t()},
                             {"column", matrix.select(1, 2)},
                             {"expanded", torch::ones({1}).expand({3})},
                             {"parameter", matrix.clone().requires_grad_()}};
  save_safetensors(folder / "m", tensors);
  expect_same(tensors, load_safetensors(folder / "m").tensors);
}

TEST(Safetensors, GivesTensorsThatOwnTheirMemory) {
  const TemporaryFolder folder;
  save_safetensors(folder / "m", {{"a", torch::zeros({4})}, {"b", torch::ones({4})}});
  SafetensorsFile file = load_safetensors(folder / "m");
  std::filesystem::remove(folder / "m");
  file.tensors.at("a").fill_(5);
  EXPECT_TRUE(torch::equal(file.tensors.at("b"), torch::ones({4})));
  EXPECT_NE(file.tensors.at("a").storage().data(), file.tensors.at("b").storage().data());
  EXPECT_EQ(file.tensors.at("a").storage().nbytes(), 16U);
}

TEST(Safetensors, MapsWhatItWouldRead) {
  const TemporaryFolder folder;
  save_safetensors(folder / "m", sample_tensors(), {{"key", "value"}});
  SafetensorsFile mapped = map_safetensors(folder / "m");
  expect_same(sample_tensors(), mapped.tensors);
  EXPECT_EQ(mapped.metadata, (std::map<std::string, std::string>{{"key", "value"}}));
  for (const auto& [name, tensor] : mapped.tensors)
    if (tensor.is_floating_point()) (void)torch::Tensor(tensor).fill_(7);
  expect_same(sample_tensors(), load_safetensors(folder / "m").tensors);  // the file is as it was

  const SafetensorsFile again = map_safetensors(folder / "m");
  save_safetensors(folder / "m", {{"other", torch::zeros({4})}});
  std::filesystem::remove(folder / "m");
  mapped = {};
  expect_same(sample_tensors(), again.tensors);
}

TEST(Safetensors, ReadsWhatCannotBeMapped) {
  const TemporaryFolder folder;
  save_safetensors(folder / "m", {{"a", torch::arange(4.0)}});
  std::string bytes = read_file(folder / "m");
  const uint64_t length = check_header_length(bytes, bytes.size(), "m");
  bytes.insert(8 + length, 1, ' ');  // the data begin at an odd place
  bytes[0] = static_cast<char>(length + 1);
  ASSERT_LT(length, 255U);
  std::ofstream(folder / "m", std::ios::binary) << bytes;
  EXPECT_TRUE(torch::equal(map_safetensors(folder / "m").tensors.at("a"), torch::arange(4.0)));
}

TEST(Safetensors, AlignsDataAndOrdersItBySizeOfItem) {
  const TemporaryFolder folder;
  save_safetensors(folder / "m", sample_tensors());
  const std::string bytes = read_file(folder / "m");
  const uint64_t length = check_header_length(bytes, bytes.size(), "m");
  EXPECT_EQ((8 + length) % 64, 0U);
  const SafetensorsHeader header =
      parse_safetensors_header(bytes.substr(8, length), bytes.size() - 8 - length, "m");
  for (const TensorEntry& entry : header.entries)
    EXPECT_EQ(entry.begin % c10::elementSize(entry.dtype), 0U) << entry.name;
  EXPECT_EQ(header.entries.front().name, "t.F64");
  EXPECT_EQ(header.entries.back().name, "t.U8");
}

TEST(Safetensors, SavesOverAFileWithoutTouchingItsOldBytes) {
  const TemporaryFolder folder;
  save_safetensors(folder / "m", {{"a", torch::zeros({4})}});
  std::filesystem::create_hard_link(folder / "m", folder / "reader");
  save_safetensors(folder / "m", {{"a", torch::ones({4})}});
  EXPECT_TRUE(torch::equal(load_safetensors(folder / "reader").tensors.at("a"), torch::zeros({4})));
  EXPECT_TRUE(torch::equal(load_safetensors(folder / "m").tensors.at("a"), torch::ones({4})));
}

TEST(Safetensors, RefusesToWriteWhatTheFormatCannotHold) {
  const TemporaryFolder folder;
  const auto refuses = [&](const ErrorParts& parts, const TensorMap& tensors,
                           const std::map<std::string, std::string>& metadata = {}) {
    expect_error(ErrorKind::kUsage, parts,
                 [&] { save_safetensors(folder / "m", tensors, metadata); });
  };
  refuses({.what = "has dtype ComplexFloat"}, {{"a", torch::zeros({1}, torch::kComplexFloat)}});
  refuses({.what = "not a dense tensor"}, {{"a", torch::Tensor()}});
  refuses({.what = "cannot be a tensor's name"}, {{"__metadata__", torch::zeros({1})}});
  refuses({.what = "cannot be a tensor's name"}, {{"a\xFF", torch::zeros({1})}});
  refuses({.what = R"(metadata "k" is not valid UTF-8)"}, {}, {{"k", "\xFF"}});
  EXPECT_EQ(folder.entries(), 0U);
  expect_error(ErrorKind::kCannotCreate, {.what = "cannot create"},
               [&] { save_safetensors(folder / "no/m", {}); });
}

TEST(Safetensors, ReportsMissingFiles) {
  const TemporaryFolder folder;
  expect_error(ErrorKind::kMissingInput, {.found = "No such file"},
               [&] { (void)load_safetensors(folder / "none"); });
  expect_error(ErrorKind::kMissingInput, {.reason = "not a regular file"},
               [&] { (void)load_safetensors(folder.path()); });
}

TEST(Safetensors, RefusesEveryCutAndEveryExtraByte) {
  const TemporaryFolder folder;
  save_safetensors(folder / "good", {{"a", torch::ones({3})}});
  const std::string bytes = read_file(folder / "good");
  for (size_t size = 0; size < bytes.size(); ++size) {
    write_bytes(folder / "bad", bytes.substr(0, size));
    expect_error(ErrorKind::kCheckpoint, {.where = "bad"},
                 [&] { (void)load_safetensors(folder / "bad"); });
  }
  write_bytes(folder / "bad", bytes + '\0');
  expect_error(ErrorKind::kCheckpoint, {.what = "left over"},
               [&] { (void)load_safetensors(folder / "bad"); });
}

TEST(Safetensors, NeverCrashesOnADamagedByte) {
  const TemporaryFolder folder;
  save_safetensors(folder / "good", {{"a", torch::ones({3})}, {"b", torch::ones({2}) > 0}},
                   {{"format", "pt"}});
  const std::string good = read_file(folder / "good");
  int refused = 0;
  for (size_t position = 0; position < good.size(); ++position) {
    for (const unsigned flip : {0x01U, 0x80U, 0xFFU}) {
      std::string bytes = good;
      bytes[position] = static_cast<char>(static_cast<unsigned char>(bytes[position]) ^ flip);
      write_bytes(folder / "bad", bytes);
      try {
        (void)load_safetensors(folder / "bad");
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kCheckpoint) << error.what();
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 200);
}

TEST(Safetensors, RefusesABoolThatIsNeitherZeroNorOne) {
  const TemporaryFolder folder;
  save_safetensors(folder / "m", {{"mask", torch::ones({2}) > 0}});
  std::string bytes = read_file(folder / "m");
  bytes.back() = 2;
  write_file_atomically(folder / "m", bytes);
  expect_error(ErrorKind::kCheckpoint, {.what = "neither 0 nor 1"},
               [&] { (void)load_safetensors(folder / "m"); });
}

TEST(Safetensors, RefusesAHugeClaimAtOnce) {
  const TemporaryFolder folder;
  const std::string json =
      R"({"a":{"dtype":"F32","shape":[1099511627776],"data_offsets":[0,4398046511104]}})";
  std::string bytes(8, '\0');
  bytes[0] = static_cast<char>(json.size());
  write_file_atomically(folder / "m", bytes + json);
  const auto start = std::chrono::steady_clock::now();
  expect_error(ErrorKind::kCheckpoint,
               {.what = "the file is truncated", .expected = "4398046511104 bytes"},
               [&] { (void)load_safetensors(folder / "m"); });
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(50));
}

TEST(Safetensors, RefusesPicklesByName) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "model.pt", std::string("PK\x03\x04\x00\x00\x08\x08", 8));
  expect_error(ErrorKind::kCheckpoint,
               {.where = "model.pt", .found = "zip archive", .hint = "convert it to safetensors"},
               [&] { (void)load_safetensors(folder / "model.pt"); });
}

}  // namespace
}  // namespace tandem
