#include "tandem/data/picture_captions.h"

#include <gtest/gtest.h>

#include "core/temporary_folder.h"
#include "tandem/core/error.h"
#include "tandem/core/files.h"

namespace tandem {
namespace {

class PictureCaptionsFile : public ::testing::Test {
 protected:
  std::vector<PictureCaptions> read(const std::string& content) {
    write_file_atomically(folder_ / "captions", content);
    return read_picture_captions(folder_ / "captions");
  }
  /// The message of the error that reading throws.
  std::string refusal(const std::string& content) {
    try {
      (void)read(content);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kData);
      return error.what();
    }
    return "";
  }

  TemporaryFolder folder_;
};

TEST_F(PictureCaptionsFile, ListOfResults) {
  const auto read_back = read(R"([{"image_id": 12, "caption": "a dog"},
                                  {"image_id": "x", "caption": "a cat"}])");
  ASSERT_EQ(read_back.size(), 2U);
  EXPECT_EQ(read_back[0].image, "12");
  EXPECT_EQ(read_back[0].captions, std::vector<std::string>{"a dog"});
  EXPECT_EQ(read_back[1].image, "x");
}

TEST_F(PictureCaptionsFile, AnnotationsHaveTheFileNamesOfImages) {
  const auto read_back = read(R"({"info": {"year": 2014},
      "annotations": [{"image_id": 2, "id": 7, "caption": "two"},
                      {"image_id": 1, "id": 8, "caption": "one"},
                      {"image_id": 2, "id": 9, "caption": "zwei"}],
      "images": [{"id": 1, "file_name": "1.jpg"}, {"id": 2, "file_name": "2.jpg"},
                 {"id": 3, "file_name": "3.jpg"}]})");
  ASSERT_EQ(read_back.size(), 2U);
  EXPECT_EQ(read_back[0].image, "2");
  EXPECT_EQ(read_back[0].file_name, "2.jpg");
  EXPECT_EQ(read_back[0].captions, (std::vector<std::string>{"two", "zwei"}));
  EXPECT_EQ(read_back[1].file_name, "1.jpg");
}

TEST_F(PictureCaptionsFile, JsonLines) {
  const auto read_back = read(
      "{\"image\": \"a.png\", \"caption\": \"one\"}\n\n"
      "{\"image\": \"b.png\", \"captions\": [\"two\", \"three\"]}\n"
      "{\"image\": \"a.png\", \"caption\": \"\"}");
  ASSERT_EQ(read_back.size(), 2U);
  EXPECT_EQ(read_back[0].captions, (std::vector<std::string>{"one", ""}));
  EXPECT_EQ(read_back[1].captions, (std::vector<std::string>{"two", "three"}));
}

TEST_F(PictureCaptionsFile, TablesWithAndWithoutAHeader) {
  for (const char* header :
       {"", "filepath\ttitle\n", "image\tcaption\n", "image_id\tcaption\r\n"}) {
    const auto read_back = read(header + std::string("a.png\tone, two\r\nb.png\t\n"));
    ASSERT_EQ(read_back.size(), 2U) << header;
    EXPECT_EQ(read_back[0].captions, std::vector<std::string>{"one, two"});
    EXPECT_EQ(read_back[1].captions, std::vector<std::string>{""});
  }
  EXPECT_EQ(read("image,caption\na.png,\"one, two\"\n")[0].captions,
            std::vector<std::string>{"one, two"});
}

TEST_F(PictureCaptionsFile, FaultsNameTheirPlace) {
  EXPECT_NE(refusal("").find("no captions"), std::string::npos);
  EXPECT_NE(refusal("[]").find("no captions"), std::string::npos);
  EXPECT_NE(refusal(R"([{"image_id": 1}])").find("[0]: no field \"caption\""), std::string::npos);
  EXPECT_NE(refusal(R"([{"caption": "a"}])").find("no picture"), std::string::npos);
  EXPECT_NE(refusal(R"([{"image_id": 1.5, "caption": "a"}])").find("name of a picture"),
            std::string::npos);
  EXPECT_NE(refusal(R"([{"image": "a", "caption": 5}])").find("wrong type"), std::string::npos);
  EXPECT_NE(refusal(R"([{"image": "a", "caption": "b"})").find("not valid JSON"),
            std::string::npos);
  EXPECT_NE(refusal("{\"image\": \"a\", \"caption\": \"b\"}\n{\"image\": \n").find(":2: "),
            std::string::npos);
  EXPECT_NE(refusal("a.png\tone\nb.png\n").find("line 2: wrong number of columns"),
            std::string::npos);
  EXPECT_NE(refusal("\tone\n").find("no picture path"), std::string::npos);
  EXPECT_THROW((void)read_picture_captions(folder_ / "missing"), Error);
}

}  // namespace
}  // namespace tandem
