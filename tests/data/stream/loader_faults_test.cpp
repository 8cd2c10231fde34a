#include <atomic>
#include <chrono>
#include <new>
#include <sstream>
#include <thread>

#include <nlohmann/json.hpp>

#include "data/fixtures.h"
#include "tandem/core/files.h"
#include "tandem/core/log.h"

namespace tandem {
namespace {

using Counts = std::map<std::string, uint64_t>;

/// Reads `source` once in source order and returns what was passed over.
Counts bad_in(const Source& source) {
  LoaderOptions options = small_batches(64);
  options.training = false;
  Loader loader(source, small_tokenizer(), options);
  while (loader.next().images.size(0) > 0) {
  }
  return loader.stats().bad;
}

TEST(LoaderFaults, NamesWhatIsWrongWithPictures) {
  const TemporaryFolder folder;
  for (const char* name : {"good.png", "png.png", "cut.jpg"}) write_picture(folder / name);
  cut_file(folder / "png.png", 0.5);
  cut_file(folder / "cut.jpg", 0.8);
  write_text(folder / "empty.jpg", "");
  write_text(folder / "page.jpg", "<!DOCTYPE html><html><body>404</body></html>");
  write_text(folder / "list.tsv",
             "filepath\ttitle\ngood.png\ta\npng.png\ta\ncut.jpg\ta\nempty.jpg\ta\npage.jpg\ta\n"
             "absent.jpg\ta\n../outside.jpg\ta\n\ta\ngood.png\t\" \t \"\n");
  const auto source = open({.kind = SourceKind::kTable, .path = (folder / "list.tsv").string()});
  const Counts bad = bad_in(*source);
  EXPECT_EQ(bad, (Counts{{"truncated PNG", 1},
                         {"truncated JPEG", 1},
                         {"not an image", 2},
                         {"missing file", 1},
                         {"outside root", 1},
                         {"bad record", 1},
                         {"empty caption", 1}}));
}

TEST(LoaderFaults, SurvivesEveryKindOfExceptionInAWorker) {
  MemorySource source(12);
  source.before = [](int64_t index) {
    if (index == 1) throw Error(ErrorKind::kData, "odd");
    if (index == 2) throw std::bad_alloc();
    if (index == 3) throw std::runtime_error("decoder");
    if (index == 4) throw 5;
    if (index == 5) throw Error(ErrorKind::kIo, "memory/5: cannot read");
    if (index == 6) throw Error(ErrorKind::kInternal, "broken promise");
  };
  EXPECT_EQ(bad_in(source), (Counts{{"invalid data", 1},
                                    {"out of memory", 1},
                                    {"decoder failure", 2},
                                    {"read error", 1},
                                    {"internal error", 1}}));
}

TEST(LoaderFaults, ReasonsAreTakenFromThePartsOfAnError) {
  MemorySource source(12);
  source.before = [](int64_t index) {
    if (index == 1) throw Error(ErrorKind::kData, "truncated JPEG: not a picture");
    if (index == 2)
      throw Error(ErrorKind::kData, ErrorText{.what = "too dark", .reason = "odd colours"});
    if (index == 3) throw Error(ErrorKind::kConfig, "is out of range");
  };
  EXPECT_EQ(bad_in(source),
            (Counts{{"invalid data", 1}, {"odd colours", 1}, {"invalid configuration", 1}}));
}

TEST(LoaderFaults, ReasonsAreNotTakenFromFileNames) {
  const TemporaryFolder folder;
  write_text(folder / "truncated JPEG: too many pixels.png", "not a picture at all");
  write_picture(folder / "good.png");
  write_text(folder / "list.tsv",
             "filepath\ttitle\ntruncated JPEG: too many pixels.png\ta\ngood.png\ta\n");
  const auto source = open({.kind = SourceKind::kTable, .path = (folder / "list.tsv").string()});
  EXPECT_EQ(bad_in(*source), (Counts{{"not an image", 1}}));
}

TEST(LoaderFaults, ListsUnusableSamplesWithTheirEpoch) {
  const TemporaryFolder folder;
  MemorySource source(20);
  source.before = [](int64_t index) {
    if (index == 3) throw Error(ErrorKind::kData, "memory/3: bad \xFF byte");
  };
  LoaderOptions options = small_batches(19);
  options.bad_samples_file = folder / "bad.jsonl";
  std::vector<uint64_t> epochs;
  for (int run = 0; run < 2; ++run) {
    Loader loader(source, small_tokenizer(), options);
    for (int i = 0; i < 3; ++i) (void)loader.next();
  }
  std::istringstream lines(read_file(options.bad_samples_file));
  for (std::string line; std::getline(lines, line);) {
    const auto record = nlohmann::json::parse(line);
    EXPECT_EQ(record["key"], "memory/3");
    EXPECT_EQ(record["reason"], "invalid data");
    EXPECT_NE(record["message"].get<std::string>().find("bad"), std::string::npos);
    epochs.push_back(record["epoch"]);
  }
  ASSERT_GE(epochs.size(), 4U);
  EXPECT_EQ(epochs[0], 0U);
  EXPECT_EQ(epochs[1], 1U);
}

TEST(LoaderFaults, SaysWhenTheListCannotBeWritten) {
  MemorySource source(20);
  source.before = [](int64_t) { throw Error(ErrorKind::kData, "damaged"); };
  LoaderOptions options = small_batches(10);
  options.bad_samples_file = "/dev/null/bad.jsonl";
  Loader loader(source, small_tokenizer(), options);
  expect_error(ErrorKind::kCannotCreate, {.where = "/dev/null/bad.jsonl"},
               [&] { (void)loader.next(); });
}

TEST(LoaderFaults, StopsBeyondTheAllowedShareNamingReasonsAndExamples) {
  MemorySource source(200);
  source.before = [](int64_t index) {
    if (index % 10 == 0)
      throw Error(ErrorKind::kData, ErrorText{.what = "bad", .reason = "damaged pixels"});
    if (index % 10 == 1) throw Error(ErrorKind::kIo, "disk error");
  };
  LoaderOptions options = small_batches(50);
  options.max_bad_ratio = 0.05;
  Loader loader(source, small_tokenizer(), options);
  const Error error = expect_error(
      ErrorKind::kData,
      {.what = "samples are invalid", .expected = "at most 5 % (data.max_bad_ratio = 0.05)"}, [&] {
        for (int i = 0; i < 4; ++i) (void)loader.next();
      });
  for (const char* part : {"damaged pixels", "read error", "memory/", "for instance"})
    expect_parts(error, {.found = part});
}

TEST(LoaderFaults, GoesOnWithinTheAllowedShareWhateverTheOrder) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    MemorySource source(100);
    source.before = [](int64_t index) {
      if (index == 42) throw Error(ErrorKind::kData, "damaged");
    };
    LoaderOptions options = small_batches(33);
    options.max_bad_ratio = 0.01;
    options.seed = seed;
    Loader loader(source, small_tokenizer(), options);
    for (int i = 0; i < 12; ++i) EXPECT_EQ(loader.next().images.size(0), 33);
    EXPECT_GE(loader.stats().bad["invalid data"], 3U);
  }
}

TEST(LoaderFaults, StopsWhenNothingIsUsableWhateverIsAllowed) {
  MemorySource source(8);
  source.captions_of = [](int64_t) { return std::vector<std::string>{" \n"}; };
  Loader loader(source, small_tokenizer(), small_batches(4));
  expect_error(ErrorKind::kData, {.found = "8 empty caption"}, [&] { (void)loader.next(); });
}

TEST(LoaderFaults, RefusesADataSetSmallerThanABatch) {
  const MemorySource source(9);
  expect_error(ErrorKind::kData, {.hint = "data.batch_size=9"},
               [&] { Loader(source, small_tokenizer(), small_batches(10)); });
  LoaderOptions evaluation = small_batches(10);
  evaluation.training = false;
  EXPECT_EQ(Loader(source, small_tokenizer(), evaluation).next().images.size(0), 9);
  expect_error(ErrorKind::kData, {.what = "no samples"},
               [&] { Loader(MemorySource(0), small_tokenizer(), evaluation); });
  expect_error(ErrorKind::kUsage, {.where = "batch_size"},
               [&] { Loader(source, small_tokenizer(), small_batches(0)); });
}

TEST(LoaderFaults, CutsHugeCaptionsBeforeTheyAreTokenised) {
  MemorySource source(4);
  std::string caption;
  while (caption.size() < 5 << 20) caption += "red circle ";
  source.captions_of = [&caption](int64_t) { return std::vector<std::string>{caption}; };
  Loader loader(source, small_tokenizer(), small_batches(4));
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(loader.next().tokens.max_length, 32);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(2));
  EXPECT_EQ(loader.stats().truncated_captions, 4U);
}

TEST(LoaderFaults, WarnsWhenTheTokenizerKnowsTooLittle) {
  const TemporaryFolder folder;
  const LogFile log(folder / "log");
  MemorySource source(64);
  source.captions_of = [](int64_t) {
    std::string caption;
    for (int i = 0; i < 20; ++i) caption += "\xE6\x97\xA5 ";
    return std::vector<std::string>{caption};
  };
  Loader loader(source, small_tokenizer(), small_batches(64));
  (void)loader.next();
  EXPECT_GT(loader.stats().unknown_pieces, loader.stats().pieces / 5);
  EXPECT_NE(read_file(folder / "log").find("unknown to the tokenizer"), std::string::npos);
}

TEST(LoaderFaults, LimitsWhatItSaysAboutBadSamples) {
  const TemporaryFolder folder;
  const LogFile log(folder / "log");
  MemorySource source(100);
  source.before = [](int64_t index) {
    if (index % 2 == 0) throw Error(ErrorKind::kData, "damaged");
  };
  Loader loader(source, small_tokenizer(), small_batches(50));
  for (int i = 0; i < 4; ++i) (void)loader.next();
  std::istringstream lines(read_file(folder / "log"));
  int told = 0;
  for (std::string line; std::getline(lines, line);)
    told += line.find("Invalid sample skipped") != std::string::npos ? 1 : 0;
  EXPECT_EQ(told, 3);
}

TEST(LoaderFaults, EndsPromptlyWhileBusyAndWhileFull) {
  MemorySource source(1000);
  source.before = [](int64_t) { std::this_thread::sleep_for(std::chrono::milliseconds(20)); };
  const auto began = std::chrono::steady_clock::now();
  for (int round = 0; round < 5; ++round) {
    Loader loader(source, small_tokenizer(), small_batches(100, 8));
    std::this_thread::sleep_for(std::chrono::milliseconds(5 * round));
  }
  source.before = {};
  for (int round = 0; round < 5; ++round) {
    Loader loader(source, small_tokenizer(), small_batches(4, 8));
    (void)loader.next();
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(3));
}

TEST(LoaderFaults, HoldsNoMoreThanItMayMakeAhead) {
  MemorySource source(1000);
  std::atomic<int> made{0};
  source.before = [&made](int64_t) { ++made; };
  LoaderOptions options = small_batches(10, 4);
  options.prefetch_batches = 2;
  Loader loader(source, small_tokenizer(), options);
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_EQ(made.load(), 20);
  (void)loader.next();
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_EQ(made.load(), 30);
}

}  // namespace
}  // namespace tandem
