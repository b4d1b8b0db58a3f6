//! kommo-chats
