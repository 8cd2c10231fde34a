#include "tandem/core/files.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>

#include <gtest/gtest.h>

#include "core/expect_error.h"
#include "core/temporary_folder.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

/// Lets no file grow beyond `bytes` while it lives: a full disk without one.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &old_);
    const rlimit limit{bytes, old_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    old_handler_ = std::signal(SIGXFSZ, SIG_IGN);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, old_handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit old_{};
  void (*old_handler_)(int) = nullptr;
};

TEST(ReadFile, SaysWhereARelativePathStarts) {
  expect_error(ErrorKind::kMissingInput, ErrorParts{.hint = fs::current_path().string()},
               [] { (void)read_file("no/such/file"); });
}

TEST(ReadFile, ReturnsBytesAsTheyAre) {
  const TemporaryFolder folder;
  const std::string content("a\0b\r\n\xff", 6);
  write_file_atomically(folder / "x", content);
  EXPECT_EQ(read_file(folder / "x"), content);
  write_file_atomically(folder / "empty", "");
  EXPECT_EQ(read_file(folder / "empty"), "");
}

TEST(ReadFile, NamesWhatIsWrong) {
  const TemporaryFolder folder;
  expect_error(ErrorKind::kMissingInput, ErrorParts{.reason = "missing file"},
               [&] { (void)read_file(folder / "none"); });
  expect_error(ErrorKind::kMissingInput, ErrorParts{.reason = "not a regular file"},
               [&] { (void)read_file(folder.path()); });
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  expect_error(ErrorKind::kMissingInput, ErrorParts{.reason = "not a regular file"},
               [&] { (void)read_file(folder / "pipe"); });
  write_file_atomically(folder / "x", "12345");
  expect_error(ErrorKind::kData, ErrorParts{.expected = "4 bytes", .found = "5"},
               [&] { (void)read_file(folder / "x", 4); });
}

TEST(WriteFileAtomically, ReplacesAndLeavesNothingBehind) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "latest", "step-1");
  write_file_atomically(folder / "latest", "step-2");
  EXPECT_EQ(read_file(folder / "latest"), "step-2");
  EXPECT_EQ(folder.entries(), 1U);
}

TEST(WriteFileAtomically, KeepsTheOldFileWhenTheDiskIsFull) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "state", "old");
  {
    const FileSizeLimit limit(4096);
    expect_error(ErrorKind::kIo, ErrorParts{.reason = "write error"},
                 [&] { write_file_atomically(folder / "state", std::string(10000, 'x')); });
  }
  EXPECT_EQ(read_file(folder / "state"), "old");
  EXPECT_EQ(folder.entries(), 1U);
}

TEST(WriteFileAtomically, FailsCleanlyAtImpossibleTargets) {
  const TemporaryFolder folder;
  expect_error(ErrorKind::kCannotCreate, ErrorParts{.where = (folder / "no/such/file").string()},
               [&] { write_file_atomically(folder / "no/such/file", "x"); });
  fs::create_directory(folder / "taken");
  expect_error(ErrorKind::kCannotCreate, ErrorParts{.reason = "name taken"},
               [&] { write_file_atomically(folder / "taken", "x"); });
  EXPECT_EQ(folder.entries(), 1U);
}

TEST(FileWriter, RemovesItsFileWithoutCommit) {
  const TemporaryFolder folder;
  {
    FileWriter writer(folder / "x");
    writer.write("half");
  }
  EXPECT_FALSE(fs::exists(folder / "x"));
  {
    FileWriter writer(folder / "x");
    writer.write("who");
    writer.write("le");
    writer.commit();
  }
  EXPECT_EQ(read_file(folder / "x"), "whole");
}

TEST(FileWriter, ReportsAFullDeviceAndNeverRemovesIt) {
  if (!fs::is_character_file("/dev/full")) GTEST_SKIP() << "no /dev/full";
  expect_error(ErrorKind::kIo, ErrorParts{.reason = "write error"}, [] {
    FileWriter writer("/dev/full");
    writer.write("x");
  });
  EXPECT_TRUE(fs::is_character_file("/dev/full"));
}

TEST(AtomicFile, AppearsOnlyWhenCommitted) {
  const TemporaryFolder folder;
  {
    AtomicFile file(folder / "x");
    file.write("abc");
    EXPECT_FALSE(fs::exists(folder / "x"));
  }
  EXPECT_EQ(folder.entries(), 0U);
  AtomicFile file(folder / "x");
  file.write("abc");
  file.commit();
  EXPECT_EQ(read_file(folder / "x"), "abc");
  EXPECT_EQ(folder.entries(), 1U);
}

TEST(AtomicFile, WritesThroughLinksAndLeavesThem) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "store");
  write_file_atomically(folder / "store/a", "old");
  fs::create_symlink("store/a", folder / "one");
  fs::create_symlink(folder / "one", folder / "two");
  fs::create_symlink("store/b", folder / "new");
  write_file_atomically(folder / "two", "through");
  write_file_atomically(folder / "new", "made");
  for (const char* link : {"one", "two", "new"}) EXPECT_TRUE(fs::is_symlink(folder / link)) << link;
  EXPECT_EQ(read_file(folder / "store/a"), "through");
  EXPECT_EQ(read_file(folder / "store/b"), "made");
  fs::create_symlink("loop", folder / "loop");
  expect_error(ErrorKind::kCannotCreate, ErrorParts{.where = "loop"},
               [&] { AtomicFile file(folder / "loop"); });
}

TEST(AtomicFile, RefusesWhatIsNoFileBeforeAnythingIsWritten) {
  const TemporaryFolder folder;
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  fs::create_symlink("pipe", folder / "link");
  for (const char* name : {"pipe", "link"}) {
    expect_error(ErrorKind::kCannotCreate,
                 ErrorParts{.expected = "a regular file", .reason = "name taken"},
                 [&] { AtomicFile file(folder / name); });
  }
  EXPECT_TRUE(fs::is_fifo(fs::symlink_status(folder / "pipe")));
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  EXPECT_EQ(folder.entries(), 2U);
}

TEST(AtomicFile, KeepsPermissions) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "secret", "old");
  ASSERT_EQ(::chmod((folder / "secret").c_str(), 0600), 0);
  write_file_atomically(folder / "secret", "new");
  EXPECT_EQ(fs::status(folder / "secret").permissions(), static_cast<fs::perms>(0600));
  EXPECT_EQ(read_file(folder / "secret"), "new");
}

TEST(AtomicDirectory, AppearsOnlyWhenCommitted) {
  const TemporaryFolder folder;
  {
    AtomicDirectory directory(folder / "a/step-1");
    write_file_atomically(directory.path() / "w", "1");
    EXPECT_FALSE(fs::exists(folder / "a/step-1"));
  }
  EXPECT_TRUE(fs::is_empty(folder / "a"));
  AtomicDirectory directory(folder / "a/step-1");
  fs::create_directory(directory.path() / "inner");
  write_file_atomically(directory.path() / "inner/w", "1");
  directory.commit();
  EXPECT_EQ(read_file(folder / "a/step-1/inner/w"), "1");
}

TEST(AtomicDirectory, ReplacesAFullFolder) {
  const TemporaryFolder folder;
  for (const char* content : {"old", "new"}) {
    AtomicDirectory directory(folder / "model");
    write_file_atomically(directory.path() / content, content);
    directory.commit();
  }
  EXPECT_EQ(read_file(folder / "model/new"), "new");
  EXPECT_FALSE(fs::exists(folder / "model/old"));
  EXPECT_EQ(folder.entries(), 1U);
}

TEST(AtomicDirectory, StagesBesideATargetWithATrailingSlash) {
  const TemporaryFolder folder;
  AtomicDirectory directory(folder / "model/");
  EXPECT_EQ(directory.path().parent_path(), folder.path());
  write_file_atomically(directory.path() / "w", "1");
  directory.commit();
  EXPECT_EQ(read_file(folder / "model/w"), "1");
}

TEST(AtomicDirectory, RefusesAFileInTheWayAtOnce) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "model", "precious");
  expect_error(ErrorKind::kCannotCreate, ErrorParts{.where = "model", .reason = "name taken"},
               [&] { const AtomicDirectory directory(folder / "model"); });
  EXPECT_EQ(read_file(folder / "model"), "precious");
}

TEST(CreateDirectories, SaysWhatIsInTheWay) {
  const TemporaryFolder folder;
  tandem::create_directories(folder / "a/b/c");
  tandem::create_directories(folder / "a/b/c");
  EXPECT_TRUE(fs::is_directory(folder / "a/b/c"));
  write_file_atomically(folder / "file", "");
  expect_error(ErrorKind::kCannotCreate, ErrorParts{.where = (folder / "file").string()},
               [&] { tandem::create_directories(folder / "file/inner"); });
  expect_error(ErrorKind::kCannotCreate, ErrorParts{.where = (folder / "file").string()},
               [&] { tandem::create_directories(folder / "file"); });
}

TEST(SyncDirectory, FailsForNoFolder) {
  const TemporaryFolder folder;
  sync_directory(folder.path());
  expect_error(ErrorKind::kIo, ErrorParts{.where = "none", .reason = "write error"},
               [&] { sync_directory(folder / "none"); });
}

TEST(AppendFile, GrowsWhatIsThere) {
  const TemporaryFolder folder;
  for (const char* text : {"one\n", "two\n"}) {
    AppendFile file(folder / "x");
    file.append(text);
    EXPECT_TRUE(read_file(folder / "x").ends_with(text)) << "seen at once";
  }
  EXPECT_EQ(read_file(folder / "x"), "one\ntwo\n");
  expect_error(ErrorKind::kCannotCreate, ErrorParts{.where = (folder / "no/x").string()},
               [&] { AppendFile file(folder / "no/x"); });
}

TEST(AppendFile, ReportsAFullDevice) {
  if (!fs::is_character_file("/dev/full")) GTEST_SKIP() << "no /dev/full";
  expect_error(ErrorKind::kIo,
               ErrorParts{.found = "No space left on device", .reason = "write error"}, [] {
                 AppendFile file("/dev/full");
                 file.append("x");
               });
}

TEST(SystemErrors, NameTheLimitThatWasMet) {
  const TemporaryFolder folder;
  const FileSizeLimit limit(1000);
  expect_error(ErrorKind::kIo,
               ErrorParts{.found = "File too large (the limit is 1000 bytes; ulimit -f raises it)"},
               [&] { write_file_atomically(folder / "x", std::string(2000, 'x')); });
}

TEST(SystemErrors, NameTheLimitOfOpenFiles) {
  const TemporaryFolder folder;
  rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &old), 0);
  const rlimit none{3, old.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const std::string expected = "Too many open files (the limit is 3; ulimit -n raises it)";
  expect_error(ErrorKind::kCannotCreate, ErrorParts{.found = expected},
               [&] { write_file_atomically(folder / "x", "x"); });
  expect_error(ErrorKind::kIo, ErrorParts{.found = expected},
               [&] { (void)read_file(folder / "x"); });
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &old), 0);
}

TEST(ContentHash, IsTheSameForPiecesAndFiles) {
  const TemporaryFolder folder;
  const std::string content(3'000'000, 'x');
  ContentHasher hasher;
  hasher.add(content.data(), 7);
  hasher.add(content.data() + 7, content.size() - 7);
  EXPECT_EQ(hasher.hash(), content_hash(content));
  AtomicFile file(folder / "x");
  file.write(content);
  file.commit();
  EXPECT_EQ(file.hash(), content_hash(content));
  EXPECT_EQ(file_hash(folder / "x"), content_hash(content));
  write_file_atomically(folder / "empty", "");
  EXPECT_EQ(file_hash(folder / "empty"), content_hash(""));
  expect_error(ErrorKind::kMissingInput, ErrorParts{.reason = "missing file"},
               [&] { (void)file_hash(folder / "none"); });
}

TEST(ContentHash, IsXxh3InHexadecimal) {
  EXPECT_EQ(content_hash(""), "2d06800538d394c2");
  EXPECT_EQ(content_hash("abc"), "78af5f94892f3950");
}

}  // namespace
}  // namespace tandem
