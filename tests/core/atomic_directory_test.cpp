#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <csignal>
#include <filesystem>

#include <gtest/gtest.h>

#include "core/expect_error.h"
#include "core/temporary_folder.h"
#include "tandem/core/files.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

void write_into(AtomicDirectory& directory, const char* name) {
  write_file_atomically(directory.path() / name, name);
}

/// The id of a process that has ended.
std::string dead_process() {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);
  return std::to_string(child);
}

TEST(AtomicDirectoryTarget, KeepsTheModeOfAnOlderFolder) {
  const TemporaryFolder folder;
  for (const mode_t mode : {0700U, 02775U, 0555U}) {
    fs::create_directories(folder / "out");
    ASSERT_EQ(::chmod((folder / "out").c_str(), mode), 0);
    AtomicDirectory directory(folder / "out");
    write_into(directory, "new");
    directory.commit();
    struct stat info {};
    ASSERT_EQ(::stat((folder / "out").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & ALLPERMS, mode);
  }
}

TEST(AtomicDirectoryTarget, BehindALinkIsReplacedAndTheLinkStays) {
  const TemporaryFolder folder;
  fs::create_directories(folder / "store/old");
  fs::create_directory_symlink("store", folder / "out");
  AtomicDirectory directory(folder / "out");
  write_into(directory, "new");
  directory.commit();
  EXPECT_TRUE(fs::is_symlink(folder / "out"));
  EXPECT_EQ(read_file(folder / "store/new"), "new");
  EXPECT_FALSE(fs::exists(folder / "store/old"));
}

TEST(AtomicDirectoryTarget, ThatIsALinkToNothingIsRefusedAtOnce) {
  const TemporaryFolder folder;
  fs::create_symlink("nowhere", folder / "out");
  for (const char* name : {"out", "out/"}) {
    expect_error(ErrorKind::kCannotCreate, ErrorParts{.reason = "dangling link"},
                 [&] { const AtomicDirectory directory(folder / name); });
  }
  expect_error(ErrorKind::kCannotCreate, ErrorParts{.where = (folder / "out/inner").string()},
               [&] { const AtomicDirectory directory(folder / "out/inner"); });
  expect_error(ErrorKind::kCannotCreate, ErrorParts{.reason = "dangling link"},
               [&] { require_new_folder(folder / "out"); });
  EXPECT_EQ(folder.entries(), 1U);
}

TEST(AtomicDirectoryTarget, KeepsWhatIsNotTheProgramsOwn) {
  const TemporaryFolder folder;
  fs::create_directories(folder / "out/mine");
  for (const char* name : {"weights", "stale", "notes", "mine/letter"})
    write_file_atomically(folder / "out" / name, "old");
  AtomicDirectory directory(
      folder / "out", [](const std::string& name) { return name == "weights" || name == "stale"; });
  write_into(directory, "weights");
  directory.commit();
  EXPECT_EQ(read_file(folder / "out/weights"), "weights");
  EXPECT_FALSE(fs::exists(folder / "out/stale"));
  EXPECT_EQ(read_file(folder / "out/notes"), "old");
  EXPECT_EQ(read_file(folder / "out/mine/letter"), "old");
  EXPECT_EQ(folder.entries(), 1U);
}

// A mount point in a process of its own name space, which takes it along when it ends. Returns what
// the process gave, 77 where this machine does not let us mount.
template <typename Action>
int on_a_mount_point(const fs::path& path, const Action& action) {
  const pid_t child = ::fork();
  if (child == 0) {
    const bool mounted = ::unshare(CLONE_NEWNS) == 0 &&
                         ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                         ::mount("none", path.c_str(), "tmpfs", 0, nullptr) == 0;
    ::_exit(mounted ? action() : 77);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(AtomicDirectoryTarget, ThatIsAnEmptyMountPointIsFilled) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "out");
  const int code = on_a_mount_point(folder / "out", [&] {
    require_new_folder(folder / "out");
    AtomicDirectory directory(folder / "out");
    write_into(directory, "new");
    directory.commit();
    const bool filled = read_file(folder / "out/new") == "new" &&
                        std::distance(fs::directory_iterator(folder / "out"), {}) == 1;
    return filled ? 0 : 1;
  });
  if (code == 77) GTEST_SKIP() << "no right to mount";
  EXPECT_EQ(code, 0);
}

TEST(AtomicDirectoryTarget, ThatIsAFullMountPointIsRefusedAtOnce) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "out");
  const int code = on_a_mount_point(folder / "out", [&] {
    write_file_atomically(folder / "out/old", "old");
    try {
      const AtomicDirectory directory(folder / "out");
    } catch (const Error& error) {
      return error.kind() == ErrorKind::kCannotCreate ? 0 : 2;
    }
    return 1;
  });
  if (code == 77) GTEST_SKIP() << "no right to mount";
  EXPECT_EQ(code, 0);
}

TEST(AtomicDirectoryTarget, ThatIsTheWorkingFolderIsFilled) {
  const TemporaryFolder folder;
  const fs::path before = fs::current_path();
  fs::current_path(folder.path());
  {
    AtomicDirectory directory(".");
    write_into(directory, "new");
    directory.commit();
  }
  EXPECT_TRUE(fs::exists("new"));
  expect_error(ErrorKind::kCannotCreate, ErrorParts{.reason = "fixed folder"},
               [] { const AtomicDirectory directory("."); });
  fs::current_path(before);
}

TEST(Leftovers, OfDeadProcessesGoAndOthersStay) {
  const TemporaryFolder folder;
  const std::string dead = "out.tmp-" + dead_process();
  const std::string alive = "out.tmp-" + std::to_string(::getppid());
  for (const std::string& name : {dead, alive, std::string("out.tmp-notes"), "other" + dead})
    fs::create_directories(folder / name / "inner");
  require_new_folder(folder / "out");
  EXPECT_FALSE(fs::exists(folder / dead));
  EXPECT_TRUE(fs::exists(folder / alive));
  EXPECT_TRUE(fs::exists(folder / "out.tmp-notes"));
  EXPECT_TRUE(fs::exists(folder / ("other" + dead)));

  fs::create_directories(folder / dead);
  const AtomicDirectory directory(folder / "out");
  EXPECT_FALSE(fs::exists(folder / dead));
}

// Runs `late` in a child after remove_staging: it must fail, or wait until an alarm ends the child.
void expect_nothing_from(const TemporaryFolder& folder, void (*late)(AtomicDirectory&)) {
  const pid_t child = ::fork();
  if (child == 0) {
    AtomicDirectory directory(folder / "out");
    AtomicFile file(folder / "file");
    write_into(directory, "new");
    file.write("new");
    remove_staging();
    ::alarm(1);
    try {
      late(directory);
    } catch (...) {
      ::_exit(1);
    }
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_FALSE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_EQ(folder.entries(), 0U);
}

TEST(RemoveStaging, TakesWhatIsHalfWrittenAndLetsNothingBeCommitted) {
  expect_nothing_from(TemporaryFolder(), [](AtomicDirectory& directory) { directory.commit(); });
}

TEST(RemoveStaging, LetsNoFolderInsideBeCreatedAgain) {
  expect_nothing_from(TemporaryFolder(), [](AtomicDirectory& directory) {
    tandem::create_directories(directory.path() / "a/b");
  });
}

TEST(RemoveStaging, LetsNoOtherFileBegin) {
  expect_nothing_from(TemporaryFolder(), [](AtomicDirectory& directory) {
    AtomicFile(directory.path().parent_path() / "later").write("new");
  });
}

}  // namespace
}  // namespace tandem
