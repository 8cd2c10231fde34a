#include "train/run/run_lock.h"

#include <fstream>

#include <nlohmann/json.hpp>

#include "tandem/core/files.h"
#include "tandem/core/log.h"
#include "train/tiny.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

Json owner_in(const fs::path& file) { return Json::parse(read_file(file)); }

class RunLockOfKind : public testing::TestWithParam<LockKind> {};

TEST_P(RunLockOfKind, NamesWhoHoldsIt) {
  const TemporaryFolder folder;
  const RunLock first(folder.path(), GetParam());
  const Error error = expect_error(
      ErrorKind::kCannotCreate,
      {.what = "pid " + std::to_string(::getpid()) + " on ", .where = folder.path().string()},
      [&] { const RunLock second(folder.path(), GetParam()); });
  expect_parts(error, {.what = " since 20"});
}

TEST_P(RunLockOfKind, IsFreeAfterwards) {
  const TemporaryFolder folder;
  { const RunLock first(folder.path(), GetParam()); }
  EXPECT_NO_THROW(RunLock(folder.path(), GetParam()));
}

TEST_P(RunLockOfKind, KnowsWhenItsFolderIsGone) {
  const TemporaryFolder folder;
  const fs::path place = folder.path() / "run";
  fs::create_directories(place);
  const RunLock lock(place, GetParam());
  EXPECT_TRUE(lock.is_intact());
  fs::rename(place, folder.path() / "moved");
  EXPECT_FALSE(lock.is_intact());
  fs::create_directories(place);
  std::ofstream(place / "run.lock") << "another";
  std::ofstream(place / "run.lock.file") << "another";
  EXPECT_FALSE(lock.is_intact());
}

INSTANTIATE_TEST_SUITE_P(Kinds, RunLockOfKind,
                         testing::Values(LockKind::kAdvisory, LockKind::kFile),
                         [](const auto& kind) {
                           return kind.param == LockKind::kFile ? "File" : "Advisory";
                         });

TEST(RunLock, IsTakenWhateverItsFileHolds) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "run.lock";
  const auto take = [&] {
    { EXPECT_NO_THROW(RunLock(folder.path(), LockKind::kAdvisory)); }
    EXPECT_EQ(fs::file_size(file), 0U);
  };
  for (const std::string& content :
       {std::string(), std::string("garbage"), std::string(5000, 'x'), std::string(4000, '['),
        std::string("{\"pid\": 1e99, \"host\": 7}"), std::string(1, '\0')}) {
    std::ofstream(file, std::ios::binary) << content;
    take();
  }
  fs::resize_file(file, uint64_t{5} << 30);  // 5 GiB that take no room
  take();
}

TEST(RunLock, SaysWhenTheProcessBeforeDidNotEndInOrder) {
  const TemporaryFolder folder;
  std::string signature;
  {
    const RunLock lock(folder.path());
    signature = read_file(folder.path() / "run.lock");
  }
  EXPECT_EQ(read_file(folder.path() / "run.lock"), "");
  std::ofstream(folder.path() / "run.lock") << signature;  // as a killed process leaves it
  const LogFile log(folder.path() / "log");
  const RunLock lock(folder.path());
  EXPECT_NE(read_file(folder.path() / "log").find("did not exit cleanly"), std::string::npos);
}

class FileLock : public testing::Test {
 protected:
  void leave(const char* key, const Json& value) {
    Json owner;
    {
      const RunLock lock(folder_.path(), LockKind::kFile);
      owner = owner_in(file_);
    }
    owner[key] = value;
    std::ofstream(file_) << owner.dump();
  }

  TemporaryFolder folder_;
  fs::path file_ = folder_.path() / "run.lock.file";
};

TEST_F(FileLock, OfADeadProcessIsTakenOver) {
  for (const auto& [key, value] :
       {std::pair<const char*, Json>{"pid", 999999999},    // beyond any pid_max
        std::pair<const char*, Json>{"start_ticks", "1"},  // the pid is another's now
        std::pair<const char*, Json>{"boot_id", "before the machine was started"}}) {
    leave(key, value);
    EXPECT_NO_THROW(RunLock(folder_.path(), LockKind::kFile)) << key;
  }
}

TEST_F(FileLock, OfAnotherMachineIsLeftToTheUser) {
  leave("host", "elsewhere");
  expect_error(ErrorKind::kCannotCreate,
               {.what = " on elsewhere since ", .hint = "remove " + file_.string()},
               [&] { const RunLock lock(folder_.path(), LockKind::kFile); });
}

TEST_F(FileLock, ThatSaysNothingIsLeftToTheUserWhileItIsNew) {
  std::ofstream(file_) << "???";
  expect_error(ErrorKind::kCannotCreate,
               {.what = "of unknown name", .hint = "remove " + file_.string()},
               [&] { const RunLock lock(folder_.path(), LockKind::kFile); });
}

TEST_F(FileLock, ThatSaysNothingForAMinuteIsTakenOver) {
  for (const std::string& content :
       {std::string(), std::string("garbage"), std::string(5000, 'x'), std::string("{\"pid\": 0}"),
        std::string("[1]"), std::string(1, '\0')}) {
    std::ofstream(file_, std::ios::binary) << content;
    fs::last_write_time(file_, fs::file_time_type::clock::now() - std::chrono::minutes(2));
    const RunLock lock(folder_.path(), LockKind::kFile);
    EXPECT_EQ(owner_in(file_).at("pid"), ::getpid()) << content;
  }
}

}  // namespace
}  // namespace tandem
