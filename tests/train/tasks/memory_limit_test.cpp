#include "train/tasks/memory_limit.h"

#include <gtest/gtest.h>

#include "core/temporary_folder.h"
#include "tandem/core/files.h"

namespace tandem {
namespace {

/// A system's files under a folder.
class MemoryLimit : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) const {
    const auto path = folder_ / name;
    std::filesystem::create_directories(path.parent_path());
    write_file_atomically(path, text);
  }
  [[nodiscard]] uint64_t limit() const { return memory_limit(folder_.path()); }

  TemporaryFolder folder_;
};

TEST_F(MemoryLimit, IsTheMachinesWithoutGroups) {
  EXPECT_EQ(limit(), 0U);
  write("proc/meminfo", "MemTotal:       1000 kB\nMemFree:  10 kB\n");
  EXPECT_EQ(limit(), 1024000U);
}

TEST_F(MemoryLimit, IsTheSmallestOfItsGroups) {
  write("proc/meminfo", "MemTotal:       1000 kB\n");
  write("proc/self/cgroup", "0::/jobs/one\n");
  write("sys/fs/cgroup/jobs/one/memory.max", "max\n");
  EXPECT_EQ(limit(), 1024000U);
  write("sys/fs/cgroup/jobs/memory.max", "5000\n");
  EXPECT_EQ(limit(), 5000U);
  write("sys/fs/cgroup/jobs/one/memory.max", "4000\n");
  EXPECT_EQ(limit(), 4000U);
  // A container sees its own group as the root.
  write("proc/self/cgroup", "0::/\n");
  write("sys/fs/cgroup/memory.max", "3000\n");
  EXPECT_EQ(limit(), 3000U);
}

TEST_F(MemoryLimit, KnowsTheFirstVersionOfGroups) {
  write("proc/self/cgroup", "11:cpu,cpuacct:/x\n4:memory:/jobs\n1:name=systemd:/\n");
  write("sys/fs/cgroup/memory/jobs/memory.limit_in_bytes", "7000\n");
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(limit(), 7000U);
}

TEST_F(MemoryLimit, OfThisMachineIsKnown) { EXPECT_GT(memory_limit(), uint64_t{64} << 20); }

TEST(MemoryWarning, NamesBothNumbersOnceItIsTight) {
  EXPECT_EQ(memory_warning(700'000'000, 0), "");
  EXPECT_EQ(memory_warning(700'000'000, 1'000'000'000), "");
  const std::string text = memory_warning(900'000'000, 1'000'000'000);
  for (const char* part : {"900 MB", "1000 MB", "exit 137", "data.batch_size"})
    EXPECT_NE(text.find(part), std::string::npos) << text;
}

}  // namespace
}  // namespace tandem
