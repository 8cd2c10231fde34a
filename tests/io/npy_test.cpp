#include "tandem/io/npy.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "core/expect_error.h"
#include "core/temporary_folder.h"
#include "tandem/core/files.h"

namespace tandem {
namespace {

TEST(Npy, RoundTripsDtypesAndShapes) {
  const TemporaryFolder folder;
  const std::vector<torch::Tensor> tensors = {
      torch::arange(12, torch::kFloat32).reshape({3, 4}),
      torch::arange(5, torch::kInt64) - 2,
      torch::arange(8, torch::kFloat32).reshape({2, 2, 2}).to(torch::kFloat16),
      torch::tensor(2.5F),
      torch::empty({0, 7}),
      torch::arange(12, torch::kFloat32).reshape({3, 4}).t(),
  };
  for (const torch::Tensor& tensor : tensors) {
    save_npy(folder / "x.npy", tensor);
    const torch::Tensor again = load_npy(folder / "x.npy");
    EXPECT_EQ(again.scalar_type(), tensor.scalar_type());
    EXPECT_EQ(again.sizes(), tensor.sizes());
    EXPECT_TRUE(torch::equal(again, tensor));
  }
  EXPECT_EQ(folder.entries(), 1U);
}

TEST(Npy, WritesTheBytesThatNumpyWrites) {
  const TemporaryFolder folder;
  save_npy(folder / "x.npy", torch::tensor({1.0F, 2.0F}));
  std::string expected("\x93NUMPY\x01\x00v\x00", 10);
  expected += "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }";
  expected.resize(127, ' ');
  expected += '\n';
  expected += std::string("\x00\x00\x80\x3F\x00\x00\x00\x40", 8);
  EXPECT_EQ(read_file(folder / "x.npy"), expected);
}

TEST(Npy, RefusesToWriteOtherDtypes) {
  const TemporaryFolder folder;
  expect_error(ErrorKind::kUsage, {.expected = "float32, float16 or int64", .found = "BFloat16"},
               [&] { save_npy(folder / "x.npy", torch::zeros({2}, torch::kBFloat16)); });
}

TEST(Npy, NamesWhatIsWrongWithAFile) {
  const TemporaryFolder folder;
  const auto path = folder / "x.npy";
  const auto refuses = [&](const std::string& bytes, const ErrorParts& parts) {
    write_file_atomically(path, bytes);
    expect_error(ErrorKind::kData, parts, [&] { (void)load_npy(path); });
  };
  expect_error(ErrorKind::kMissingInput, {.found = "No such file"}, [&] { (void)load_npy(path); });
  save_npy(path, torch::arange(6, torch::kFloat32).reshape({2, 3}));
  const std::string good = read_file(path);
  const auto replaced = [&](const std::string& from, const std::string& to) {
    std::string bytes = good;
    return bytes.replace(bytes.find(from), from.size(), to);
  };
  refuses("", {.what = "not a .npy file"});
  refuses("PK\x03\x04 and more of it", {.what = "not a .npy file"});
  refuses(good.substr(0, 30), {.what = "the header is truncated"});
  refuses(good.substr(0, good.size() - 1), {.expected = "24 bytes of numbers", .found = "23"});
  refuses(good + "x", {.expected = "24 bytes of numbers", .found = "25"});
  refuses(replaced("<f4", ">f4"), {.expected = "descr '<f4', '<f2' or '<i8'"});
  refuses(replaced("False", "True "), {.expected = "C order"});
  refuses(replaced("(2, 3)", "(-2,3)"), {.expected = "a size in the shape"});
  refuses(replaced("(2, 3), }                  ", "(4611686018427387904, 1), }"),
          {.what = "overflows"});
  refuses(replaced("'shape'", "'shore'"), {.expected = "'shape' in the header"});
}

}  // namespace
}  // namespace tandem
