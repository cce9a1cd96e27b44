// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {stdJson} from "forge-std/StdJson.sol";
import {Script, console} from "forge-std/Script.sol";

/// @title Follows script/plan.json
/// @notice The command line client follows the same file (src/mintmark/market/deploy_plan.hpp explains its arguments), so both make
/// the same contracts at the same addresses, and each goes on where the other was cut short.
abstract contract DeploymentPlan is Script {
    using stdJson for string;

    error Plan_NoProxy(address proxy);
    error Plan_NotCreated(string name);
    error Plan_NoValue(string argument);
    error Plan_CallFailed(string name, string signature);

    address internal constant PROXY = 0x4e59b44847b379578588920cA78FbF26c0B4956C;

    string internal plan;
    bytes32 internal salt;
    address[] internal made; // in the plan's order
    string[] internal names;
    mapping(string name => bytes32 word) internal parameter;
    mapping(string name => bytes data) internal longParameter;
    mapping(string name => address) internal contractAt;
    mapping(string name => bytes arguments) internal constructorArguments;

    /// @param saltText empty for the plan's own
    function open(string memory saltText) internal {
        plan = vm.readFile("script/plan.json");
        salt = keccak256(bytes(bytes(saltText).length == 0 ? plan.readString(".salt") : saltText));
        if (PROXY.code.length == 0) revert Plan_NoProxy(PROXY);
    }

    function set(string memory name, uint256 value) internal {
        parameter[name] = bytes32(value);
    }

    function set(string memory name, address value) internal {
        parameter[name] = bytes32(uint256(uint160(value)));
    }

    function set(string memory name, bytes memory value) internal {
        longParameter[name] = value;
    }

    /// @notice Makes every step of the list that is not done yet.
    function follow(string memory list) internal {
        for (uint256 i = 0; plan.keyExists(string.concat(".", list, "[", vm.toString(i), "]")); ++i) {
            string memory step = string.concat(".", list, "[", vm.toString(i), "]");
            if (plan.keyExists(string.concat(step, ".create"))) create(step);
            else if (!isLeftOut(step) && !isDone(step)) call(step);
        }
    }

    function create(string memory step) internal {
        string memory name = plan.readString(string.concat(step, ".create"));
        string memory artifact = vm.readFile(string.concat("out/", name, ".sol/", name, ".json"));
        bytes memory arguments = encoded(plan.readStringArray(string.concat(step, ".args")));
        bytes memory code = bytes.concat(artifact.readBytes(".bytecode.object"), arguments);
        address place = vm.computeCreate2Address(salt, keccak256(code), PROXY);
        if (place.code.length == 0) {
            (bool ok,) = PROXY.call(bytes.concat(salt, code));
            if (!ok || place.code.length == 0) revert Plan_NotCreated(name);
        }
        contractAt[name] = place;
        constructorArguments[name] = arguments;
        made.push(place);
        names.push(name);
    }

    function isLeftOut(string memory step) internal view returns (bool) {
        string[] memory pair = plan.readStringArray(string.concat(step, ".unless"));
        return pair.length == 2 && word(pair[0]) == word(pair[1]);
    }

    function isDone(string memory step) internal view returns (bool) {
        bytes memory data = calldataOf(step, ".done", ".doneArgs");
        (bool ok, bytes memory answer) = target(step).staticcall(data);
        return
            ok && answer.length >= 32
                && bytes32(answer) == word(plan.readString(string.concat(step, ".equals")));
    }

    function call(string memory step) internal {
        (bool ok,) = target(step).call(calldataOf(step, ".function", ".args"));
        if (ok) return;
        revert Plan_CallFailed(
            plan.readString(string.concat(step, ".call")), plan.readString(string.concat(step, ".function"))
        );
    }

    function target(string memory step) internal view returns (address) {
        return
            address(uint160(uint256(word(string.concat("@", plan.readString(string.concat(step, ".call")))))));
    }

    function calldataOf(string memory step, string memory functionKey, string memory argumentsKey)
        internal
        view
        returns (bytes memory)
    {
        bytes4 selector = bytes4(keccak256(bytes(plan.readString(string.concat(step, functionKey)))));
        return abi.encodePacked(selector, encoded(plan.readStringArray(string.concat(step, argumentsKey))));
    }

    /// @dev Words and texts one after the other, as the contract ABI encodes them.
    function encoded(string[] memory arguments) internal view returns (bytes memory head) {
        bytes memory tail;
        for (uint256 i = 0; i < arguments.length; ++i) {
            bytes1 kind = bytes(arguments[i])[0];
            bytes memory long = longParameter[tailOf(arguments[i])];
            bool isLong = kind == "$" && long.length != 0;
            if (!isLong && kind != "=" && kind != "#" && kind != "[") {
                head = bytes.concat(head, word(arguments[i]));
                continue;
            }
            head = bytes.concat(head, bytes32(32 * arguments.length + tail.length));
            string memory rest = tailOf(arguments[i]);
            if (isLong) tail = bytes.concat(tail, body(abi.encode(long)));
            else if (kind == "=") tail = bytes.concat(tail, body(abi.encode(rest)));
            else if (kind == "#") tail = bytes.concat(tail, body(abi.encode(selectors(rest))));
            else tail = bytes.concat(tail, bytes32(0));
        }
        return bytes.concat(head, tail);
    }

    /// @dev abi.encode of one dynamic value without the offset before it.
    function body(bytes memory data) internal pure returns (bytes memory out) {
        out = new bytes(data.length - 32);
        for (uint256 i = 0; i < out.length; ++i) {
            out[i] = data[i + 32];
        }
    }

    function selectors(string memory signatures) internal pure returns (bytes4[] memory out) {
        string[] memory list = vm.split(signatures, " ");
        out = new bytes4[](list.length);
        for (uint256 i = 0; i < list.length; ++i) {
            out[i] = bytes4(keccak256(bytes(list[i])));
        }
    }

    function word(string memory argument) internal view returns (bytes32) {
        bytes1 kind = bytes(argument)[0];
        string memory rest = tailOf(argument);
        if (kind == "$") return parameter[rest];
        if (kind == "%") return keccak256(bytes(rest));
        if (kind == "&") return bytes4(keccak256(bytes(rest)));
        if (kind != "@") return bytes32(vm.parseUint(argument));
        if (contractAt[rest] == address(0)) revert Plan_NoValue(argument);
        return bytes32(uint256(uint160(contractAt[rest])));
    }

    function tailOf(string memory argument) internal pure returns (string memory) {
        bytes memory all = bytes(argument);
        bytes memory rest = new bytes(all.length - 1);
        for (uint256 i = 0; i < rest.length; ++i) {
            rest[i] = all[i + 1];
        }
        return string(rest);
    }

    /// @notice What `mintmark` reads: script/Deploy.s.sol writes deployments/<chain id>.json, or the path of OUTPUT.
    function write() internal {
        string memory path = string.concat("deployments/", vm.toString(block.chainid), ".json");
        path = vm.envOr("OUTPUT", path);
        string memory contracts;
        string memory records;
        for (uint256 i = 0; i < made.length; ++i) {
            console.log(names[i], made[i]);
            contracts = vm.serializeAddress("contracts", names[i], made[i]);
            string memory id = string.concat("record ", names[i]);
            vm.serializeBytes(id, "constructorArguments", constructorArguments[names[i]]);
            vm.serializeBytes32(id, "salt", salt);
            string memory record = vm.serializeBytes32(id, "codeHash", made[i].codehash);
            records = vm.serializeString("records", names[i], record);
        }
        vm.serializeUint("deployment", "format", 1);
        vm.serializeUint("deployment", "chainId", block.chainid);
        vm.serializeString("deployment", "rpcUrl", vm.envOr("RPC_URL", string("")));
        vm.serializeUint("deployment", "startBlock", block.number);
        vm.serializeString("deployment", "srsPath", vm.envOr("SRS_PATH", string("")));
        vm.serializeString("deployment", "contracts", contracts);
        vm.createDir("deployments", true);
        vm.writeJson(vm.serializeString("deployment", "records", records), path);
    }

    /// @notice Contracts of an earlier deployment file, by name.
    function readContracts(string memory path) internal {
        string memory file = vm.readFile(path);
        string[] memory keys = vm.parseJsonKeys(file, ".contracts");
        for (uint256 i = 0; i < keys.length; ++i) {
            contractAt[keys[i]] = file.readAddress(string.concat(".contracts.", keys[i]));
        }
    }
}
