"""The Vipps channel: an eFaktura in the payer's Vipps app and bank, found by mobile number."""
