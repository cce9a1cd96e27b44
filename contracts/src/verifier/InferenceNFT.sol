// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {IERC7007} from "../interfaces/IERC7007.sol";
import {IERC7992Verifier} from "../interfaces/IERC7992.sol";
import {IVerifierRouter} from "../interfaces/IVerifierRouter.sol";
import {HolderSignature} from "../libraries/HolderSignature.sol";
import {ModelId, VersionId} from "../types/Ids.sol";

/// @title Proven answers as tokens (ERC-7007)
/// @notice Who signed a request that has settled can mint its answer, once. The token's id is the request's nullifier, its
/// content the output; the input stays behind its commitment.
/// @dev `prompt` is abi.encode(IVerifierRouter.Request), `aigcData` the output words, packed, and `proof` is
/// abi.encode(bytes signature, uint256[] inputWords, bytes proof). No role and no money.
contract InferenceNFT is ERC721, IERC7007 {
    IVerifierRouter public immutable router;

    mapping(uint256 tokenId => bytes32) private _contentHash;

    error InferenceNFT_WrongToken(uint256 tokenId, uint256 expected);
    error InferenceNFT_AlreadyMinted(uint256 tokenId);
    error InferenceNFT_NotSettled(uint256 tokenId);
    error InferenceNFT_NotTheRequester(address caller);
    error InferenceNFT_ProofRejected(uint256 tokenId);

    constructor(IVerifierRouter router_) ERC721("Mintmark Answer", "ANSWER") {
        router = router_;
    }

    /// @inheritdoc IERC7007
    /// @dev Mints the token to the caller. For an adapter whose acceptance depends on time (an optimistic claim, an enclave's
    /// signature) what counts is that it accepts now.
    function addAigcData(
        uint256 tokenId,
        bytes calldata prompt,
        bytes calldata aigcData,
        bytes calldata proof
    ) external {
        IVerifierRouter.Request memory request = abi.decode(prompt, (IVerifierRouter.Request));
        bytes32 nullifier = router.nullifierOf(request);
        if (tokenId != uint256(nullifier)) revert InferenceNFT_WrongToken(tokenId, uint256(nullifier));
        if (_contentHash[tokenId] != 0) revert InferenceNFT_AlreadyMinted(tokenId);
        if (!router.isSettled(nullifier)) revert InferenceNFT_NotSettled(tokenId);
        if (!this.signedBy(msg.sender, request, _signatureOf(proof))) {
            revert InferenceNFT_NotTheRequester(msg.sender);
        }
        if (!_accepted(request, aigcData, proof)) revert InferenceNFT_ProofRejected(tokenId);
        _contentHash[tokenId] = keccak256(abi.encode(prompt, aigcData, proof));
        emit AigcData(tokenId, prompt, aigcData, proof);
        _safeMint(msg.sender, tokenId);
    }

    /// @inheritdoc IERC7007
    /// @dev True for what was minted, for ever; else whether the router accepts it now.
    function verify(bytes calldata prompt, bytes calldata aigcData, bytes calldata proof)
        external
        view
        returns (bool)
    {
        IVerifierRouter.Request memory request = abi.decode(prompt, (IVerifierRouter.Request));
        bytes32 minted = _contentHash[uint256(router.nullifierOf(request))];
        if (minted != 0 && minted == keccak256(abi.encode(prompt, aigcData, proof))) return true;
        return _accepted(request, aigcData, proof);
    }

    /// @notice Whether the account signed the request.
    function signedBy(address account, IVerifierRouter.Request calldata request, bytes calldata signature)
        external
        view
        returns (bool)
    {
        return HolderSignature.isBy(account, account, router.requestDigest(request), signature);
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 id) public view override(ERC721, IERC165) returns (bool) {
        // ERC-7007 counts its own two functions only.
        bytes4 own = IERC7007.addAigcData.selector ^ IERC7007.verify.selector;
        return id == own || super.supportsInterface(id);
    }

    function _signatureOf(bytes calldata proof) private pure returns (bytes memory signature) {
        (signature,,) = abi.decode(proof, (bytes, uint256[], bytes));
    }

    function _accepted(IVerifierRouter.Request memory request, bytes calldata output, bytes calldata proof)
        private
        view
        returns (bool)
    {
        (, uint256[] memory words, bytes memory inner) = abi.decode(proof, (bytes, uint256[], bytes));
        bytes memory routed =
            abi.encode(VersionId.unwrap(request.versionId), router.contextOf(request), words, inner);
        try IERC7992Verifier(address(router))
            .verifyInference(ModelId.unwrap(request.modelId), request.inputCommitment, output, routed) {
            return true;
        } catch {
            return false;
        }
    }
}
