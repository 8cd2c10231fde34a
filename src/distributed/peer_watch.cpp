#include "distributed/peer_watch.h"

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "distributed/bounded_call.h"

namespace tandem {

using PeerStore = c10::intrusive_ptr<c10d::Store>;

/// What the thread of a PeerWatch shares with it.
struct PeerState {
  explicit PeerState(const PeerStore& other) : store(other->clone()) {}
  PeerStore store;  // Calls of one client wait in line: the thread has its own.
  std::atomic<int64_t> exchanges{0};
  std::mutex mutex;
  std::condition_variable changes;
  bool ends = false;
  std::string fault = {};  // What another rank found.
};

namespace {

constexpr std::chrono::milliseconds kBeat{500};
constexpr std::chrono::milliseconds kSilence{4000};  // Eight beats: a busy machine may lose some.
constexpr std::chrono::milliseconds kStoreTimeout{2000};
constexpr std::chrono::milliseconds kFarewell{5000};
constexpr const char* kFault = "fault";

std::string key_of(const char* what, int64_t rank) { return fmt::format("{}/{}", what, rank); }

std::vector<std::string> keys_of(const char* what, int64_t world_size) {
  std::vector<std::string> keys;
  for (int64_t rank = 0; rank < world_size; ++rank) keys.push_back(key_of(what, rank));
  return keys;
}

void write(c10d::Store& store, const std::string& key, const std::string& value) {
  store.set(key, value);
}

std::string read(c10d::Store& store, const std::string& key) { return store.get_to_str(key); }

std::vector<std::string> read_all(c10d::Store& store, const std::vector<std::string>& keys) {
  std::vector<std::string> values;
  for (const std::string& key : keys) values.push_back(read(store, key));
  return values;
}

// A sign of life is "beats exchanges".
int64_t exchanges_of(const std::string& sign) {
  return std::stoll(sign.substr(sign.find(' ') + 1));
}

double seconds_of(std::chrono::milliseconds time) {
  return static_cast<double>(time.count()) / 1000.0;
}

// "1 silent", "2 slow": what a rank tells the others.
std::string fault_of(int64_t rank, const std::string& what) {
  return fmt::format("{} {}", rank, what);
}

// Returns the fault that another rank has written, or what the signs of life tell. Throws where the
// store is gone.
std::string find_fault(c10d::Store& store, const PeerOptions& options, const std::string& reason) {
  const std::vector<std::string> keys = keys_of("sign", options.world_size);
  const std::vector<std::string> before = read_all(store, keys);
  std::this_thread::sleep_for(kSilence);
  std::string found = read(store, kFault);
  if (!found.empty()) return found;
  const std::vector<std::string> after = read_all(store, keys);
  auto slowest = static_cast<size_t>(options.rank);
  for (size_t rank = 0; rank < after.size(); ++rank) {
    if (after[rank] == before[rank]) return fault_of(static_cast<int64_t>(rank), "silent");
    if (exchanges_of(after[rank]) < exchanges_of(after[slowest])) slowest = rank;
  }
  const auto rank = static_cast<int64_t>(slowest);
  return rank == options.rank ? fault_of(rank, reason) : fault_of(rank, "slow");
}

void give_signs(PeerState& state, int64_t rank) {
  for (int64_t beats = 1;; ++beats) {
    std::string fault;
    try {
      write(*state.store, key_of("sign", rank),
            fmt::format("{} {}", beats, state.exchanges.load()));
      fault = read(*state.store, kFault);
      if (!fault.empty()) write(*state.store, key_of("left", rank), "");
    } catch (const std::exception&) {
      // Rank 0 may have left. Whether that is a fault shows in the next exchange.
    }
    std::unique_lock lock(state.mutex);
    if (!fault.empty()) state.fault = fault;
    if (state.changes.wait_for(lock, kBeat, [&] { return state.ends; })) return;
  }
}

}  // namespace

PeerWatch::PeerWatch(const c10::intrusive_ptr<c10d::Store>& store, PeerOptions options)
    : options_(std::move(options)),
      server_(store),
      store_(store->clone()),
      state_(std::make_shared<PeerState>(store)) {
  write(*store_, key_of("sign", options_.rank), "0 0");
  if (options_.rank == 0) write(*store_, kFault, "");
  write(*store_, key_of("build", options_.rank), options_.build);
  write(*store_, key_of("host", options_.rank), options_.host);
  wait_for_all();
  read_names();
  store_->setTimeout(kStoreTimeout);
  state_->store->setTimeout(kStoreTimeout);
  std::thread([state = state_, rank = options_.rank] { give_signs(*state, rank); }).detach();
}

PeerWatch::~PeerWatch() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->ends = true;
  }
  state_->changes.notify_all();
  if (store_is_gone_) return;
  (void)bounded_call(kFarewell, [store = store_, options = options_] {
    write(*store, key_of("left", options.rank), "");
    if (options.hosts_store) store->wait(keys_of("left", options.world_size), kFarewell);
    return std::string();
  });
}

void PeerWatch::count_exchange() noexcept { ++state_->exchanges; }

Error PeerWatch::diagnose(const std::string& reason) {
  const auto known = [&] {
    const std::lock_guard lock(state_->mutex);
    return state_->fault;
  };
  if (const std::string fault = known(); !fault.empty()) return error_of(fault);
  const std::optional<std::string> found =
      bounded_call(kSilence + 2 * kStoreTimeout, [store = store_, options = options_, reason] {
        std::string fault = find_fault(*store, options, reason);
        write(*store, kFault, fault);
        return fault;
      });
  // Another rank may have told in the meantime. Without the store its host is the reason.
  const std::string fault = known();
  store_is_gone_ = !found && fault.empty();
  return error_of(!fault.empty() ? fault : found.value_or(fault_of(0, "silent")));
}

void PeerWatch::wait_for_all() {
  const std::vector<std::string> keys = keys_of("host", options_.world_size);
  try {
    store_->wait(keys, options_.timeout);
    return;
  } catch (const std::exception&) {
    // Who is missing is found out below.
  }
  const std::optional<std::string> missing = bounded_call(kStoreTimeout, [store = store_, keys] {
    std::vector<size_t> ranks;
    for (size_t rank = 0; rank < keys.size(); ++rank)
      if (!store->check({keys[rank]})) ranks.push_back(rank);
    return fmt::format("{}", fmt::join(ranks, ", "));
  });
  if (options_.hosts_store) std::this_thread::sleep_for(kStoreTimeout);  // Others ask, too.
  throw Error(
      ErrorKind::kInterrupted,
      {.what = missing ? fmt::format("did not start within {} s", seconds_of(options_.timeout))
                       : "ended before all processes were there",
       .where = fmt::format("rank {}", missing.value_or("0")),
       .expected = fmt::format("{} processes", options_.world_size),
       .hint = "the log of that process, or a longer run.peer_timeout_seconds"});
}

void PeerWatch::read_names() {
  for (const std::string& key : keys_of("host", options_.world_size))
    hosts_.push_back(read(*store_, key));
  const std::string expected = read(*store_, key_of("build", 0));
  for (int64_t rank = 1; rank < options_.world_size; ++rank) {
    const std::string found = read(*store_, key_of("build", rank));
    if (found == expected) continue;
    throw Error(ErrorKind::kUsage, {.what = "the processes of this run are of different builds",
                                    .where = fmt::format("rank {}", rank),
                                    .expected = expected + ", as rank 0",
                                    .found = found});
  }
}

Error PeerWatch::error_of(const std::string& fault) const {
  const size_t space = fault.find(' ');
  const int64_t rank = std::stoll(fault.substr(0, space));
  const std::string what = fault.substr(space + 1);
  const std::string& host = hosts_[static_cast<size_t>(rank)];
  ErrorText text{.what = {},
                 .where = fmt::format("rank {}", rank),
                 .hint = "the same command, which resumes from the newest checkpoint"};
  if (what == "silent") {
    text.what = fmt::format("the process on {} has ended or is stopped", host);
  } else if (what == "slow") {
    text.what = fmt::format("the process on {} did not come to an exchange within {} s", host,
                            seconds_of(options_.timeout));
  } else {
    text.what = fmt::format("the process on {} lost its connection to the others", host);
    text.found = what;
  }
  return {ErrorKind::kInterrupted, std::move(text)};
}

}  // namespace tandem
