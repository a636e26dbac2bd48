#pragma once

#include <pwd.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/child_process.h"
#include "tests/support/temp_folder.h"

namespace thunderline::testing {

/// A PostgreSQL server of the test program's own: in a temporary folder, on a Unix socket there, gone
/// with the program. It refuses to run as root, so root's is run by Debian's user `postgres`.
class PostgresServer {
 public:
  /// Starts at the first call. Throws where Debian's package `postgresql` is missing.
  static PostgresServer& instance() {
    static PostgresServer server;
    return server;
  }

  /// The URL of a new, empty database.
  std::string new_database() {
    const std::string name = "test" + std::to_string(++databases_);
    run("createdb", {"--host=" + folder_.path(), "--username=tester", name});
    return "postgresql://tester@/" + name + "?host=" + folder_.path();
  }

 private:
  PostgresServer() : programs_(find_programs()) {
    if (const passwd* user = ::geteuid() == 0 ? ::getpwnam("postgres") : nullptr) {
      if (::chown(folder_.path().c_str(), user->pw_uid, user->pw_gid) != 0) std::abort();
    }
    run("initdb", {"--pgdata=" + data(), "--username=tester", "--auth=trust", "--encoding=UTF8",
                   "--no-locale", "--no-sync"});
    server_ = std::make_unique<ChildProcess>(
        command("postgres", {"-D", data(), "-k", folder_.path(), "-c", "listen_addresses=", "-c",
                             "fsync=off"}),
        "/dev/null", folder_.path("server.log"));
    wait_until_ready();
  }
  // The server's parts end with it; nothing of it is to be kept.
  ~PostgresServer() {
    server_->send(SIGQUIT);
    server_->wait();
    server_ = nullptr;
  }

  std::string data() const { return folder_.path("data"); }

  static std::string find_programs() {
    const std::filesystem::path versions = "/usr/lib/postgresql";
    if (std::filesystem::exists(versions)) {
      for (const auto& version : std::filesystem::directory_iterator(versions)) {
        if (std::filesystem::exists(version.path() / "bin/initdb")) return version.path() / "bin";
      }
    }
    throw std::runtime_error("there is no PostgreSQL server; run scripts/setup");
  }

  /// The program, as a user that is not root, and ended when the test program is killed.
  std::vector<std::string> command(const std::string& program, std::vector<std::string> arguments) {
    std::vector<std::string> whole = {"/usr/bin/setpriv", "--pdeathsig=QUIT"};
    if (::geteuid() == 0) {
      whole.insert(whole.end(), {"--reuid=postgres", "--regid=postgres", "--clear-groups"});
    }
    whole.push_back(programs_ + "/" + program);
    whole.insert(whole.end(), arguments.begin(), arguments.end());
    return whole;
  }

  void run(const std::string& program, std::vector<std::string> arguments) {
    ChildProcess child(command(program, std::move(arguments)));
    if (child.wait() != 0) throw std::runtime_error("PostgreSQL's " + program + " failed");
  }

  void wait_until_ready() {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (std::chrono::steady_clock::now() < end) {
      ChildProcess probe({programs_ + "/pg_isready", "--host=" + folder_.path()});
      if (probe.wait() == 0) return;
    }
    throw std::runtime_error("the PostgreSQL server did not start");
  }

  TempFolder folder_;
  std::string programs_;
  std::unique_ptr<ChildProcess> server_;
  int databases_ = 0;
};

}  // namespace thunderline::testing
