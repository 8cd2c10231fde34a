#include <chrono>
#include <future>
#include <thread>

#include "data/fixtures.h"
#include "tandem/core/files.h"
#include "tandem/core/log.h"

namespace tandem {
namespace {

LoaderOptions impatient(double warning, double timeout) {
  LoaderOptions options = small_batches(4, 1);
  options.stall_warning_seconds = warning;
  options.stall_timeout_seconds = timeout;
  return options;
}

TEST(LoaderStall, GivesUpNamingTheSampleThatDoesNotCome) {
  std::promise<void> go;
  MemorySource source(16);
  source.before = [waits = go.get_future().share()](int64_t) { waits.wait(); };
  Loader loader(source, small_tokenizer(), impatient(0.02, 0.1));
  const Error error = expect_error(ErrorKind::kIo, {.what = "0 of ", .reason = "stalled sample"},
                                   [&] { (void)loader.next(); });
  expect_parts(error, {.what = "1 threads are working"});
  go.set_value();
}

TEST(LoaderStall, GivesUpInTimeThoughTheNextWarningWouldComeLater) {
  std::promise<void> go;
  MemorySource source(16);
  source.before = [waits = go.get_future().share()](int64_t) { waits.wait(); };
  Loader loader(source, small_tokenizer(), impatient(0.6, 0.65));
  const auto began = std::chrono::steady_clock::now();
  expect_error(ErrorKind::kIo, {.reason = "stalled sample"}, [&] { (void)loader.next(); });
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(1200));
  go.set_value();
}

TEST(LoaderStall, NamesASlowSampleAndGoesOn) {
  const TemporaryFolder folder;
  const LogFile log(folder / "log");
  MemorySource source(16);
  source.before = [](int64_t) { std::this_thread::sleep_for(std::chrono::milliseconds(60)); };
  Loader loader(source, small_tokenizer(), impatient(0.02, 0));
  EXPECT_EQ(loader.next().keys.size(), 4U);
  const std::string words = read_file(folder / "log");
  EXPECT_NE(words.find("s for sample memory/"), std::string::npos) << words;
  EXPECT_NE(words.find("(position 0)"), std::string::npos) << words;
}

}  // namespace
}  // namespace tandem
