// The chain's side of payments: would it be paid, and pay it.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <set>

#include "mintmark/chain/rpc.hpp"
#include "mintmark/gateway/x402.hpp"
#include "mintmark/serving/task.hpp"

namespace mintmark::gateway {

class Facilitator {
  public:
    /// `key` pays the gas of settlements and must outlive this. Reads the token's domain to compare
    /// it with the file's: kInvalidArgument when payers would sign under another. A node that is
    /// down is asked before the first payment.
    [[nodiscard]] static Result<std::unique_ptr<Facilitator>> open(const std::string& rpc_url,
                                                                   const PaymentTerms& terms,
                                                                   const chain::PrivateKey& key,
                                                                   std::uint64_t wallet_gas);
    ~Facilitator();
    /// The payer, or his wallet, has signed. Without a question to the chain for Signer::kPayer.
    /// kRejected with the protocol's reason; kNetwork.
    [[nodiscard]] serving::Task<Status> recognise(const Payment& payment, Signer signer);
    /// That, the payer has the money, the nonce is unused, and the transfer would succeed now.
    [[nodiscard]] serving::Task<Status> verify(const Payment& payment, Signer signer);
    /// Sends the transfer of `amount`, which is at most what was signed (all of it, unless the
    /// scheme is "upto"), and waits for it; nothing is sent for nothing. A transfer that has been
    /// sent and whose end is not known counts as paid, and is logged: the operator's risk, not the
    /// payer's.
    [[nodiscard]] serving::Task<Settlement> settle(const Payment& payment, Signer signer,
                                                   const chain::U256& amount);
    [[nodiscard]] const Address& address() const { return key_.address(); }

  private:
    Facilitator(const std::string& rpc_url, const PaymentTerms& terms, const chain::PrivateKey& key,
                std::uint64_t wallet_gas)
        : client_(rpc_url), terms_(terms), key_(key), wallet_gas_(wallet_gas) {}
    /// Is it the chain, and the token, that payers sign for? Asked until it was answered.
    Status check_token();
    Status check_signer(const Payment& payment, Signer signer);
    Status ask_wallet(const Payment& payment);
    Status check_now(const Payment& payment, Signer signer);
    Status check_permit(const Payment& payment);
    /// eth_call of what pay() would send.
    Status simulate(const Payment& payment, Signer signer);
    Settlement pay(const Payment& payment, Signer signer, const chain::U256& amount);
    /// Its contract said yes, and no when it came to paying: that cost gas. Such a one is not asked
    /// again.
    void distrust(const Address& wallet);
    /// Has the chain seen its nonce? kNetwork.
    Result<bool> is_spent(const Payment& payment);

    chain::RpcClient client_;  ///< on pool_'s one thread only
    bool is_checked_ = false;  ///< likewise
    PaymentTerms terms_;
    const chain::PrivateKey& key_;
    std::uint64_t wallet_gas_;
    std::set<Address> distrusted_ = {};  ///< on pool_'s one thread only
    boost::asio::thread_pool pool_{1};
};

}  // namespace mintmark::gateway
