#ifdef TANDEM_GLOO
#define USE_C10D_GLOO
#endif
#include "distributed/gloo_group.h"

#include <cstdlib>
#include <memory>

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef TANDEM_GLOO
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#endif

#include "tandem/core/error.h"

namespace tandem {

std::string address_towards(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), "9", &hints, &found) != 0) return {};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> holder(found, ::freeaddrinfo);
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    const int socket = ::socket(each->ai_family, SOCK_DGRAM, 0);
    if (socket < 0) continue;
    sockaddr_storage own{};
    socklen_t length = sizeof own;
    auto* const address = reinterpret_cast<sockaddr*>(&own);
    char text[NI_MAXHOST] = {};
    // Connecting a datagram socket sends nothing: the system only chooses the interface.
    const bool ok =
        ::connect(socket, each->ai_addr, each->ai_addrlen) == 0 &&
        ::getsockname(socket, address, &length) == 0 &&
        ::getnameinfo(address, length, text, sizeof text, nullptr, 0, NI_NUMERICHOST) == 0;
    ::close(socket);
    if (ok) return text;
  }
  return {};
}

#ifdef TANDEM_GLOO

bool has_gloo() noexcept { return true; }

c10::intrusive_ptr<c10d::Backend> make_gloo_group(const c10::intrusive_ptr<c10d::Store>& store,
                                                  const Launch& launch,
                                                  std::chrono::milliseconds timeout) {
  auto options = c10d::ProcessGroupGloo::Options::create(timeout);
  const char* const interface = std::getenv("GLOO_SOCKET_IFNAME");
  const std::string own = address_towards(launch.address);
  options->devices.push_back(interface != nullptr
                                 ? c10d::ProcessGroupGloo::createDeviceForInterface(interface)
                             : own.empty() ? c10d::ProcessGroupGloo::createDefaultDevice()
                                           : c10d::ProcessGroupGloo::createDeviceForHostname(own));
  return c10::make_intrusive<c10d::ProcessGroupGloo>(
      c10::make_intrusive<c10d::PrefixStore>("gloo", store), static_cast<int>(launch.rank),
      static_cast<int>(launch.world_size), options);
}

#else

bool has_gloo() noexcept { return false; }

c10::intrusive_ptr<c10d::Backend> make_gloo_group(const c10::intrusive_ptr<c10d::Store>& /*store*/,
                                                  const Launch& launch,
                                                  std::chrono::milliseconds /*timeout*/) {
  throw Error(ErrorKind::kUsage,
              {.what = "this build trains in one process: its LibTorch has no Gloo that works",
               .expected = "one process",
               .found = std::to_string(launch.world_size)});
}

#endif

}  // namespace tandem
