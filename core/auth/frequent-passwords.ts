/** The best-known passwords and their stems, lower case. What is longer than these and not made of them is not here. */
export const commonPasswords: ReadonlySet<string> = new Set(
  `
    password passwort passw0rd motdepasse contrasena senha haslo wachtwoord secret secrets secure security letmein welcome
    welcome1 willkommen bienvenue admin administrator adminadmin root toor rootroot user username guest test tester
    testtest testing demo default changeme changeit change temp temporary qwerty qwertyuiop qwertyui qwertz azerty
    asdfghjkl asdfasdf asdf1234 zxcvbnm zxcvbn qazwsx qazwsxedc 1qaz2wsx 1q2w3e4r 1q2w3e4r5t q1w2e3r4 q1w2e3r4t5 qwe123
    qweasd qweasdzxc zaq12wsx 12345678 123456789 1234567890 87654321 987654321 0987654321 11111111 00000000 12341234
    123123123 11223344 12344321 123456123 1234qwer qwer1234 abc12345 abcd1234 abc123 a1b2c3d4 aa123456 a123456789
    123qweasd iloveyou iloveu loveyou lovely love sunshine princess prince monkey dragon football baseball basketball
    soccer hockey superman batman spiderman starwars pokemon master mustang shadow michael jennifer jordan hunter harley
    ranger thomas robert daniel andrew joshua matthew charlie george jessica ashley nicole michelle amanda anthony
    trustno1 whatever freedom computer internet server network database laptop windows linux ubuntu debian google facebook
    twitter youtube amazon apple microsoft github gitlab docker kubernetes jenkins maven gradle python nodejs javascript
    flower summer winter spring autumn january february march april june july august september october november december
    monday tuesday wednesday thursday friday saturday sunday cheese chocolate cookie banana orange pepper ginger buster
    tigger maggie bailey rocky lucky angel killer hello helloworld hellohello goodbye blink182 liverpool chelsea arsenal
    barcelona realmadrid yankees steelers cowboys ferrari porsche mercedes corvette yamaha access access14 passpass login
    loginlogin logmein nothing something anything everything nopassword mypassword yourpassword thepassword password1
    password12 password123 passwordpassword p@ssword p@ssw0rd pa$$word pa55word pass1234 pass word passphrase
    correcthorsebatterystaple fuckyou fuckoff asshole bullshit pussy samsung nokia motorola iphone android galaxy company
    enterprise business office finance sales support service services helpdesk manager supervisor operator oracle postgres
    mysql mongodb redis artifact artifacts repository registry deploy deployer deployment developer build builder release
    releases snapshot snapshots production staging alexander victoria elizabeth christopher benjamin samantha stephanie
    patricia william richard matrix merlin phoenix diamond silver golden purple yellow rainbow butterfly dolphin elephant
    tiger eagle zxcvbnm123 asd123 asdasd asdasdasd qweqwe qweqweqwe zzzzzzzz aaaaaaaa xxxxxxxx computer1 internet1
    sunshine1 princess1 football1 charlie1 michael1 superman1 iloveyou1 monkey123 dragon123 hello123 admin123 admin1234
    root123 test123 test1234 user1234 guest123 welcome123 qwerty1 qwerty12 qwerty123 qwerty1234 trustme letmein1
    letmein123 opensesame sesame abracadabra mickeymouse mickey snoopy scooby garfield
  `
    .trim()
    .split(/\s+/),
)
