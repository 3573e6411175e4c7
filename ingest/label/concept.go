package label

// concepts are the ids of GraphSense's taxonomy 0.1.0 with their parents, as
// categories, abuses and concepts of labels use them; "" is a root.
// Source: graphsense concepts.yaml.
var concepts = map[string]string{
	"entity": "", "organization": "entity", "user": "entity", "service": "entity",
	"exchange": "service", "wallet_service": "service", "escrow_wallet": "service", "ico_wallet": "service", "filesharing": "service", "index": "service",
	"market": "service", "messaging_service": "service", "mixing_service": "service", "mining_service": "service", "gambling": "service",
	"search_engine": "service", "shop": "service", "faucet": "service", "payment_processor": "service", "atm": "service", "hosting": "service",
	"vpn": "service", "nameservice": "service",
	"defi": "service", "defi_token": "defi", "defi_lending": "defi", "defi_dex": "defi", "defi_derivative": "defi", "defi_bridge": "defi",
	"defi_dao": "defi", "defi_staking": "defi", "defi_custody": "defi",
	"victim": "user", "perpetrator": "user", "donation": "user", "miner": "user",
	"behaviour": "", "abuse": "behaviour", "gray_usage": "behaviour", "mixing": "gray_usage", "coinjoin": "mixing",
	"white_usage": "behaviour", "cold_wallet": "white_usage", "hot_wallet": "white_usage", "warm_wallet": "white_usage", "deposit_wallet": "white_usage",
	"white_list": "white_usage", "gov_white_list": "white_list", "deployer": "behaviour", "funder": "behaviour",
	"sexual_abuse": "abuse", "child_sexual_abuse": "sexual_abuse",
	"violence": "abuse", "human_trafficking": "violence", "murder": "violence", "torture": "violence",
	"scam": "abuse", "financial_crime": "abuse", "investment_fraud": "financial_crime", "ponzi_scheme": "investment_fraud",
	"pyramid_scheme": "ponzi_scheme", "money_laundering": "financial_crime", "payment_card_fraud": "financial_crime",
	"extortion": "abuse", "sextortion": "extortion", "ransomware": "extortion", "phishing": "abuse",
	"hacking": "abuse", "service_hack": "hacking", "account_hack": "hacking", "exploit": "hacking", "data_breach": "hacking", "social_engineering": "hacking",
	"malware": "abuse", "drugs": "abuse", "weapons": "abuse", "sanction": "abuse", "counterfeit": "abuse",
	"extremism": "abuse", "terrorism": "extremism", "terrorism_financing": "terrorism", "black_list": "abuse", "gov_black_list": "black_list",
	"source": "", "dark_web": "source", "mention": "source", "website_mention": "mention", "forum_mention": "website_mention",
	"item": "", "collectible": "item", "unknown": "",
}

// IsConcept reports whether GraphSense's taxonomy has a concept.
func IsConcept(id string) bool {
	_, ok := concepts[id]
	return ok
}

// Within reports whether a concept is another or lies below it in the taxonomy:
// defi_dex is within service.
func Within(id, ancestor string) bool {
	for id != "" {
		if id == ancestor {
			return true
		}
		id = concepts[id]
	}
	return false
}
