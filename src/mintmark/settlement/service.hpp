// The batcher on a thread of its own, with its own connections.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "mintmark/settlement/batcher.hpp"

namespace mintmark::settlement {

struct ServiceConfig {
    std::string ledger = {};   ///< "postgresql://…" or a path
    std::string intents = {};  ///< the same
    chain::Deployment deployment = {};
    std::string rpc_url = {};  ///< empty: the deployment's
    int poll_ms = 5'000;
    Options options = {};
};

struct ServiceState {
    Counts counts = {};
    unsigned failures = 0;   ///< in a row
    std::string error = {};  ///< of the last one
};

class Service {
  public:
    /// `key` must outlive it. A node that is down does not hinder the start. kIo.
    [[nodiscard]] static Result<std::unique_ptr<Service>> start(ServiceConfig config,
                                                                const chain::PrivateKey& key,
                                                                Tell tell);
    ~Service();
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;
    [[nodiscard]] ServiceState state() const;

  private:
    Service(ServiceConfig config, const chain::PrivateKey& key, Tell tell,
            std::unique_ptr<sql::Database> ledger, Intents intents);
    void run();

    ServiceConfig config_;
    chain::RpcClient client_;
    std::unique_ptr<sql::Database> ledger_;
    Intents intents_;
    Batcher batcher_;
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    ServiceState state_ = {};
    bool is_ending_ = false;
    std::thread thread_;
};

}  // namespace mintmark::settlement
