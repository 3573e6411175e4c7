// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// A plain ERC-20 token.
contract Token {
    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;
    event Transfer(address indexed from, address indexed to, uint256 value);
    event Approval(address indexed owner, address indexed spender, uint256 value);

    constructor(uint256 supply) {
        balanceOf[msg.sender] = supply;
        emit Transfer(address(0), msg.sender, supply);
    }

    function transfer(address to, uint256 value) external returns (bool) {
        move(msg.sender, to, value);
        return true;
    }

    function approve(address spender, uint256 value) external returns (bool) {
        allowance[msg.sender][spender] = value;
        emit Approval(msg.sender, spender, value);
        return true;
    }

    function transferFrom(address from, address to, uint256 value) external returns (bool) {
        allowance[from][msg.sender] -= value;
        move(from, to, value);
        return true;
    }

    function burn(uint256 value) external {
        balanceOf[msg.sender] -= value;
        emit Transfer(msg.sender, address(0), value);
    }

    function move(address from, address to, uint256 value) internal {
        balanceOf[from] -= value;
        balanceOf[to] += value;
        emit Transfer(from, to, value);
    }
}

/// Wraps the native coin 1:1, without a Transfer, as WETH9 does.
contract Wrapped {
    mapping(address => uint256) public balanceOf;
    event Transfer(address indexed from, address indexed to, uint256 value);
    event Deposit(address indexed account, uint256 value);
    event Withdrawal(address indexed account, uint256 value);

    function deposit() external payable {
        balanceOf[msg.sender] += msg.value;
        emit Deposit(msg.sender, msg.value);
    }

    function withdraw(uint256 value) external {
        balanceOf[msg.sender] -= value;
        emit Withdrawal(msg.sender, value);
        (bool ok, ) = msg.sender.call{value: value}("");
        require(ok);
    }

    function transfer(address to, uint256 value) external returns (bool) {
        balanceOf[msg.sender] -= value;
        balanceOf[to] += value;
        emit Transfer(msg.sender, to, value);
        return true;
    }
}

/// A pool of the native coin and a token at a fixed price.
contract Pool {
    Token public token;
    uint256 public price; // tokens for one coin

    constructor(Token t, uint256 p) payable {
        token = t;
        price = p;
    }

    function buy(address to) external payable {
        token.transfer(to, msg.value * price);
    }

    function sell(address payable to, uint256 tokens) external {
        (bool ok, ) = to.call{value: tokens / price}("");
        require(ok);
    }

    receive() external payable {}
}

/// Swaps against a pool on behalf of its caller and keeps nothing.
contract Router {
    function buy(Pool pool) external payable {
        pool.buy{value: msg.value}(msg.sender);
    }

    function sell(Pool pool, uint256 tokens) external {
        pool.token().transferFrom(msg.sender, address(pool), tokens);
        pool.sell(payable(msg.sender), tokens);
    }
}

/// Takes and pays one fixed amount, as a mixer does.
contract Mixer {
    uint256 public constant denomination = 1 ether;
    mapping(bytes32 => bool) public spent;
    event Deposited(bytes32 indexed commitment);
    event Withdrawn(address to, bytes32 nullifier);

    function deposit(bytes32 commitment) external payable {
        require(msg.value == denomination, "denomination");
        emit Deposited(commitment);
    }

    function withdraw(address payable to, bytes32 nullifier) external {
        require(!spent[nullifier], "spent");
        spent[nullifier] = true;
        (bool ok, ) = to.call{value: denomination}("");
        require(ok);
        emit Withdrawn(to, nullifier);
    }
}

/// Both sides of a bridge.
contract Bridge {
    uint256 public nonce;
    event Sent(uint256 indexed nonce, address indexed from, address to, uint256 chain, uint256 amount);
    event Released(uint256 indexed nonce, address indexed to, uint256 amount);

    function send(address to, uint256 chain) external payable {
        emit Sent(++nonce, msg.sender, to, chain, msg.value);
    }

    function release(uint256 n, address payable to, uint256 amount) external {
        (bool ok, ) = to.call{value: amount}("");
        require(ok);
        emit Released(n, to, amount);
    }

    receive() external payable {}
}

/// Ends itself and leaves its balance to somebody.
contract Mortal {
    constructor() payable {}

    function end(address payable heir) external {
        selfdestruct(heir);
    }

    receive() external payable {}
}

/// Creates children with coin, by CREATE and CREATE2.
contract Factory {
    event Created(address child);

    function create() external payable returns (Mortal child) {
        child = new Mortal{value: msg.value}();
        emit Created(address(child));
    }

    function create2(bytes32 salt) external payable returns (Mortal child) {
        child = new Mortal{value: msg.value, salt: salt}();
        emit Created(address(child));
    }

    /// A child that ends in the transaction of its creation, and gets coin
    /// after its end: that coin is burnt.
    function flash(address payable heir) external payable {
        Mortal child = new Mortal{value: msg.value / 2}();
        child.end(heir);
        (bool ok, ) = address(child).call{value: msg.value - msg.value / 2}("");
        require(ok);
    }
}

/// Sends coin in every way that a trace must tell apart.
contract Forwarder {
    error Refused();

    function forward(address payable to) external payable {
        (bool ok, ) = to.call{value: msg.value}("");
        require(ok);
    }

    /// Half of the coin goes to each; the second payment is taken back
    /// because the call around it fails.
    function half(address payable kept, address payable undone) external payable {
        (bool ok, ) = kept.call{value: msg.value / 2}("");
        require(ok);
        (ok, ) = address(this).call{value: 0}(abi.encodeCall(this.payAndFail, (undone, msg.value / 4)));
        require(!ok);
    }

    function payAndFail(address payable to, uint256 value) external {
        (bool ok, ) = to.call{value: value}("");
        require(ok);
        revert Refused();
    }

    /// The library runs as this contract: its frame shows a value that moves
    /// nothing, its call moves.
    function delegate(address library_, address payable to) external payable {
        (bool ok, ) = library_.delegatecall(abi.encodeCall(Forwarder.forward, (to)));
        require(ok);
    }

    function fail() external payable {
        revert Refused();
    }

    receive() external payable {}
}

/// A vault with a hole: anybody may take what is in it.
contract Vault {
    receive() external payable {}

    function exploit() external {
        (bool ok, ) = msg.sender.call{value: address(this).balance}("");
        require(ok);
    }
}

/// A token that says what it was told to about itself, word for word, and never
/// ends if it was told nothing.
contract Claims is Token {
    bytes private symbolAnswer;
    bytes private decimalsAnswer;

    constructor(uint256 supply, bytes memory symbol_, bytes memory decimals_) Token(supply) {
        symbolAnswer = symbol_;
        decimalsAnswer = decimals_;
    }

    function symbol() external view {
        say(symbolAnswer);
    }

    function decimals() external view {
        say(decimalsAnswer);
    }

    function say(bytes memory answer) private pure {
        while (answer.length == 0) {}
        assembly {
            return(add(answer, 32), mload(answer))
        }
    }
}
