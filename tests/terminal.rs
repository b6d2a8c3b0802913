//! The terminal client against a real server, line by line: a fight to its end, a flight, a party and a trade.

use client::terminal::{Play, PlayError, play};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines, duplex};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::harness::PATIENCE;
use crate::harness::people::{PASSWORD, new_name};
use crate::harness::server::Server;

/// What is typed or shown and not yet read.
const PIPE_BYTES: usize = 64 * 1024;

/// Somebody at a terminal.
struct Terminal {
    name: String,
    keyboard: DuplexStream,
    screen: Lines<BufReader<DuplexStream>>,
    game: JoinHandle<Result<(), PlayError>>,
}

impl Terminal {
    /// With a new account and a new character, in the world.
    async fn open(server: &Server) -> Self {
        let name = new_name();
        let options = client::Options::default();
        let who = Play {
            url: server.url(""),
            username: name.replace(' ', "-"),
            password: PASSWORD.to_owned(),
            register: true,
            character: Some(name.clone()),
            options,
        };
        let (keyboard, typed) = duplex(PIPE_BYTES);
        let (shown, screen) = duplex(PIPE_BYTES);
        let game = tokio::spawn(play(who, BufReader::new(typed), shown));
        let screen = BufReader::new(screen).lines();
        let mut terminal = Self { name, keyboard, screen, game };
        terminal.see("/help for the rest").await;
        terminal
    }

    async fn enter(&mut self, line: &str) {
        self.keyboard.write_all(format!("{line}\n").as_bytes()).await.expect("the game reads");
    }

    async fn next_line(&mut self) -> String {
        let line = timeout(PATIENCE, self.screen.next_line()).await.expect("something is shown");
        line.expect("it is text").expect("the game goes on")
    }

    /// The next line that says this.
    async fn see(&mut self, part: &str) -> String {
        let mut seen = Vec::new();
        loop {
            let line = timeout(PATIENCE, self.screen.next_line()).await;
            let Ok(Ok(Some(line))) = line else { panic!("{}: no {part:?} in {seen:#?}", self.name) };
            if line.contains(part) {
                return line;
            }
            seen.push(line);
        }
    }

    /// Types a line, and sees what comes of it.
    async fn get(&mut self, line: &str, part: &str) -> String {
        self.enter(line).await;
        self.see(part).await
    }

    /// Until the server has told who is near.
    async fn meet(&mut self, name: &str) {
        loop {
            self.enter("/who").await;
            let line = self.next_line().await;
            if line.starts_with("  ") && line.contains(name) {
                return;
            }
        }
    }

    async fn quit(mut self) {
        self.enter("/quit").await;
        self.game.await.expect("it does not panic").expect("it ends well");
    }
}

#[tokio::test]
async fn a_fight_is_fought_to_its_end_at_the_terminal() {
    let mut server = Server::start();
    let mut ann = Terminal::open(&server).await;
    ann.get("/attack", "You are in no fight; /fight begins one").await;
    ann.get("/fight", "nobody fights in The Nexus").await;
    ann.get("/go 11", "(11), ways to").await;
    ann.see("quest, completed: Beyond the palisade").await;
    ann.get("/fight dragon", "try hollow_soldier").await;
    let start = ann.get("/fight Hollow Soldier", "*** A fight: you (level 1").await;
    assert!(start.contains("against Hollow Soldier (level 1, 50 health)"), "{start}");
    // Whose turn it is is always somebody's who plays: enemies act at once.
    let state = ann.see("-- your turn (30 s): ").await;
    assert!(state.contains("Hollow Soldier") && state.contains("stamina"), "{state}");
    ann.get("/go 1", "(MOVE_REJECTED)").await;
    ann.get("/attack Dragon", "Nobody in this fight is called Dragon; there are").await;
    ann.get("/cast Fireball", "expected one of Whirlwind Strike").await;
    ann.enter("/attack hollow soldier").await;
    let (mut blows, mut wounds) = (0, 0);
    let end = loop {
        let line = ann.next_line().await;
        blows += usize::from(line.starts_with("-- you: light attack on Hollow Soldier"));
        wounds += usize::from(line.starts_with("-- Hollow Soldier loses "));
        if line.contains("*** The fight is over") {
            break line;
        }
        // Struck out of breath: the next turn comes when this one is over.
        match line.contains("(NOT_ENOUGH)") {
            true => ann.enter("/defend rest").await,
            false if line.starts_with("-- your turn") => ann.enter("/attack").await,
            false => {}
        }
    };
    assert!(blows > 0, "one's own blows are shown");
    let won = end.contains("You have won: 100 experience") && wounds > 0;
    assert!(won || end.ends_with("You have lost"), "{end}");
    ann.get("/me", "health").await;
    ann.get("/go 1", "The Nexus (1)").await;
    ann.quit().await;
    server.expect_well().await;
}

#[tokio::test]
async fn one_gets_away_from_a_fight_at_the_terminal() {
    let mut server = Server::start();
    let mut ann = Terminal::open(&server).await;
    ann.get("/go 11", "(11), ways to").await;
    ann.get("/fight hollow_soldier", "*** A fight: ").await;
    let end = loop {
        let line = ann.next_line().await;
        if line.starts_with("-- your turn") {
            ann.enter("/flee").await;
        }
        if line.starts_with("*** The fight is over") {
            break line;
        }
    };
    assert!(end.ends_with("You got away") || end.ends_with("You have lost"), "{end}");
    ann.get("/flee", "You are in no fight").await;
    ann.get("/go 1", "The Nexus (1)").await;
    ann.quit().await;
    server.expect_well().await;
}

#[tokio::test]
async fn a_party_is_made_and_a_trade_is_agreed_at_the_terminal() {
    let mut server = Server::start();
    let (mut ann, mut bob) = (Terminal::open(&server).await, Terminal::open(&server).await);
    let (one, two) = (ann.name.clone(), bob.name.clone());
    ann.meet(&two).await;
    bob.meet(&one).await;
    ann.get("/party", "/party create makes one").await;
    ann.get("/party invite Nobody", "Nobody near is called Nobody").await;
    ann.get("/party create Red Ones", &format!("-- Red Ones: {one} (leads) (1 of 4")).await;
    ann.get(&format!("/party invite {two}"), "is invited into your party").await;
    bob.see(&format!("{one} invites you into a party \"Red Ones\"")).await;
    bob.get("/party accept", &format!("{one} (leads), {two} (2 of 4")).await;
    ann.see(&format!("{one} (leads), {two} (2 of 4")).await;
    ann.get("/p hello", "[party]").await;
    bob.see(&format!("{one}: hello")).await;
    bob.get("/party leave", "You are out of the party").await;
    ann.see(&format!("{one} (leads) (1 of 4")).await;

    ann.get("/agree", "You are in no trade").await;
    ann.get(&format!("/trade {}", two.to_lowercase()), &format!("{two} is asked to trade")).await;
    bob.see(&format!("{one} wants to trade")).await;
    bob.get("/offer 5 souls", "you give 5 souls").await;
    ann.see(&format!("{two} gives 5 souls")).await;
    ann.get("/agree", "you give nothing and agree").await;
    bob.see(&format!("{one} gives nothing and agrees")).await;
    bob.get("/agree", "*** Traded: ").await;
    let traded = ann.see("*** Traded: ").await;
    assert!(traded.contains(&format!("{two} gave 5 souls")), "{traded}");
    ann.get("/bag", "souls").await;
    ann.get("/decline", "You are in no trade").await;

    ann.get("/quests", "-- quest, active: Beyond the palisade").await;
    ann.get("/vendor", "(longsword)").await;
    ann.get("/shards", "guarded by").await;
    ann.get("/news", "").await;
    ann.quit().await;
    bob.quit().await;
    server.expect_well().await;
}
